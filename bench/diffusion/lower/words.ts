/** Words → what the denoiser reads of them, once per picture: a small transformer over the ids of the text tokenizer. */
import { type Build, GraphBuilder, layerNorm, type Model, type Weights, weight } from '@any-to-any/compiler';
import { attention, feedForward } from './attention.ts';
import type { DiffusionPlan } from './plan.ts';

/**
 * `ids [n, words]`, all rows of one length (`plan.words` says nothing)
 * → `context [n, words, textWidth]`, `gist [n, textWidth]`.
 */
export function buildWords(plan: DiffusionPlan, weights: Weights): Model {
  const graph = new GraphBuilder('words');
  const build: Build = { graph, weights };
  const { textWidth: width, textHeads: heads, textLayers, longest, words } = plan;
  const ids = graph.input('ids', 'i32', ['n', 'words']);
  const rows = graph.op('Gather', [weight(build, 'text.table.weight', [words + 1, width]), ids]);
  const count = graph.op('Shape', [ids], { start: 1, end: 2 });
  const places = weight(build, 'text.places.weight', [longest, width]);
  const bounds = [graph.integers([0]), count, graph.integers([0])];
  let x = graph.op('Add', [rows, graph.op('Slice', [places, ...bounds])]);
  for (let i = 0; i < textLayers; i++) {
    const prefix = `text.layers.${i}`;
    const inner = layerNorm(build, x, `${prefix}.norm1`, width);
    const looked = { prefix: `${prefix}.attention`, width, source: width, heads };
    x = graph.op('Add', [x, attention(build, inner, inner, looked)]);
    const normed = layerNorm(build, x, `${prefix}.norm2`, width);
    x = graph.op('Add', [x, feedForward(build, normed, `${prefix}.feed`, width, 2 * width)]);
  }
  const last = layerNorm(build, x, 'text.norm', width);
  const context = graph.op('Identity', [last], {}, 'context');
  graph.output(context, 'f32', ['n', 'words', width]);
  const gist = graph.op('ReduceMean', [last, graph.integers([1])], { keepdims: 0 }, 'gist');
  graph.output(gist, 'f32', ['n', width]);
  return graph.build();
}
