/** Latents → ids of the nearest codes, which the shipped image tokenizer draws. Lengths do not matter, only directions. */
import { GraphBuilder, type Model, type Weights } from '@any-to-any/compiler';
import type { DiffusionPlan } from './plan.ts';

/** `latents [n, codeWidth, grid, grid]` → `ids [n, grid, grid]`. */
export function buildNearest({ codes, codeWidth, grid }: DiffusionPlan, weights: Weights): Model {
  const graph = new GraphBuilder('nearest');
  const latents = graph.input('latents', 'f32', ['n', codeWidth, grid, grid]);
  const load = weights('codebook.weight', [codes, codeWidth]);
  const codebook = graph.initializer('codebook.weight', 'f32', [codes, codeWidth, 1, 1], load);
  const scores = graph.op('Conv', [latents, codebook], { kernel_shape: [1, 1] });
  const nearest = graph.op('ArgMax', [scores], { axis: 1, keepdims: 0 });
  const ids = graph.op('Cast', [nearest], { to: 6 }, 'ids'); // 6: i32
  graph.output(ids, 'i32', ['n', grid, grid]);
  return graph.build();
}
