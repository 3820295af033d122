/**
 * The denoiser: latents with noise, their time and what the words say → v. A small U-Net: residual convolutions over the
 * grid of codes, and in the middle transformer blocks over its 2 × 2 cells, which also read the words (cross-attention,
 * Rombach et al. 2022, arXiv 2112.10752). Time and gist scale, shift and gate every block (AdaLN, arXiv 2212.09748).
 */
import {
  affine,
  type Build,
  convolution,
  GraphBuilder,
  gelu,
  layerNorm,
  type Model,
  type Value,
  type Weights,
  weight,
} from '@any-to-any/compiler';
import { attention, feedForward } from './attention.ts';
import type { DiffusionPlan } from './plan.ts';

/** Longest wave of the time. */
const slowest = 10_000;

/**
 * `noisy [n, codeWidth, grid, grid]`, `time [n]` in 0…999, `context [n, words, textWidth]`, `gist [n, textWidth]`
 * → `v`, like `noisy`.
 */
export function buildDenoiser(plan: DiffusionPlan, weights: Weights): Model {
  const graph = new GraphBuilder('denoiser');
  const build: Build = { graph, weights };
  const { codeWidth, grid, textWidth, fine, width } = plan;
  const dims = ['n', codeWidth, grid, grid] as const;
  const noisy = graph.input('noisy', 'f32', dims);
  const time = graph.input('time', 'f32', ['n']);
  const context = graph.input('context', 'f32', ['n', 'words', textWidth]);
  const gist = graph.input('gist', 'f32', ['n', textWidth]);
  const condition = conditionOf(build, time, gist, textWidth);

  const around = { kernel: 3, padding: 1 };
  const enter = { prefix: 'denoiser.enter', inputs: codeWidth, outputs: fine, ...around };
  const entered = graph.op('Transpose', [convolution(build, noisy, enter)], { perm: [0, 2, 3, 1] });
  const before = residual(build, entered, condition, 'denoiser.before', plan);
  const cells = affine(build, toCells(build, before, plan), 'denoiser.down', 4 * fine, width);
  let x = graph.op('Add', [cells, weight(build, 'denoiser.places.weight', [(grid / 2) ** 2, width])]);
  for (let i = 0; i < plan.layers; i++) x = block(build, x, condition, context, `denoiser.layers.${i}`, plan);
  const back = fromCells(build, affine(build, x, 'denoiser.up', width, 4 * fine), plan);
  const after = residual(build, graph.op('Add', [before, back]), condition, 'denoiser.after', plan);
  const normed = layerNorm(build, after, 'denoiser.norm', fine);
  const planes = graph.op('Transpose', [normed], { perm: [0, 3, 1, 2] });
  const leave = { prefix: 'denoiser.leave', inputs: fine, outputs: codeWidth, ...around };
  graph.output(convolution(build, planes, leave, 'v'), 'f32', dims);
  return graph.build();
}

/** Time and gist as one vector: `[n, width]`. */
function conditionOf(build: Build, time: Value, gist: Value, width: number): Value {
  const { graph } = build;
  const half = width / 2;
  const rates = Float32Array.from({ length: half }, (_, i) => Math.exp((-Math.log(slowest) * i) / half));
  const column = graph.op('Reshape', [time, graph.integers([-1, 1])]);
  const angle = graph.op('Mul', [column, graph.floats('rates', [1, half], rates)]);
  const waves = graph.op('Concat', [graph.op('Cos', [angle]), graph.op('Sin', [angle])], { axis: 1 });
  const first = gelu(build, affine(build, waves, 'denoiser.time.0', width, width));
  const when = affine(build, first, 'denoiser.time.1', width, width);
  return gelu(build, graph.op('Add', [when, affine(build, gist, 'denoiser.gist', width, width)]));
}

/** The norm of `x`, scaled and shifted, and the gate for what comes of it; `spread` is how a row lies to `x`. */
function modulated(
  build: Build,
  x: Value,
  condition: Value,
  { prefix, width, from, spread }: { prefix: string; width: number; from: number; spread: number[] },
): [inner: Value, gate: Value] {
  const { graph } = build;
  const all = affine(build, condition, `${prefix}.modulate`, from, 3 * width);
  const shaped = graph.op('Reshape', [all, graph.integers([...spread, 3 * width])]);
  const thirds = [undefined, undefined, undefined] as const;
  const sizes = graph.integers([width, width, width]);
  const [scale, shift, gate] = graph.ops('Split', [shaped, sizes], { axis: -1 }, thirds);
  const normed = layerNorm(build, x, `${prefix}.norm`, width);
  const factor = graph.op('Add', [scale, graph.floats('one', [1], [1])]);
  return [graph.op('Add', [graph.op('Mul', [normed, factor]), shift]), gate];
}

/** `x + gate · point(gelu(spatial(modulated norm)))`; `x [n, grid, grid, fine]`. */
function residual(build: Build, x: Value, condition: Value, prefix: string, plan: DiffusionPlan): Value {
  const { graph } = build;
  const { fine, textWidth: from } = plan;
  const entry = { prefix: `${prefix}.enter`, width: fine, from, spread: [-1, 1, 1] };
  const [inner, gate] = modulated(build, x, condition, entry);
  const planes = graph.op('Transpose', [inner], { perm: [0, 3, 1, 2] });
  const spatial = { prefix: `${prefix}.spatial`, inputs: fine, outputs: fine, kernel: 3, padding: 1 };
  const mixed = graph.op('Transpose', [convolution(build, planes, spatial)], { perm: [0, 2, 3, 1] });
  const point = affine(build, gelu(build, mixed), `${prefix}.point`, fine, fine);
  return graph.op('Add', [x, graph.op('Mul', [gate, point])]);
}

/** Cells look at each other, at the words, then each at itself; `x [n, cells, width]`. */
function block(
  build: Build,
  x: Value,
  condition: Value,
  context: Value,
  prefix: string,
  { width, textWidth: from, heads, hidden }: DiffusionPlan,
): Value {
  const { graph } = build;
  const gated = (name: string, of: (inner: Value) => Value, on: Value): Value => {
    const entry = { prefix: `${prefix}.${name}`, width, from, spread: [-1, 1] };
    const [inner, gate] = modulated(build, on, condition, entry);
    return graph.op('Add', [on, graph.op('Mul', [gate, of(inner)])]);
  };
  const own = { prefix: `${prefix}.attention`, width, source: width, heads };
  const looked = gated('enter1', (inner) => attention(build, inner, inner, own), x);
  const words = { prefix: `${prefix}.reading`, width, source: from, heads };
  const normed = layerNorm(build, looked, `${prefix}.norm`, width);
  const read = graph.op('Add', [looked, attention(build, normed, context, words)]);
  return gated('enter2', (inner) => feedForward(build, inner, `${prefix}.feed`, width, hidden), read);
}

/** `[n, grid, grid, fine]` → `[n, cells, 4 · fine]`: 2 × 2 neighbours side by side. */
function toCells({ graph }: Build, x: Value, { grid, fine }: DiffusionPlan): Value {
  const side = grid / 2;
  const split = graph.op('Reshape', [x, graph.integers([-1, side, 2, side, 2, fine])]);
  const together = graph.op('Transpose', [split], { perm: [0, 1, 3, 2, 4, 5] });
  return graph.op('Reshape', [together, graph.integers([-1, side * side, 4 * fine])]);
}

/** The opposite of `toCells`. */
function fromCells({ graph }: Build, x: Value, { grid, fine }: DiffusionPlan): Value {
  const side = grid / 2;
  const split = graph.op('Reshape', [x, graph.integers([-1, side, side, 2, 2, fine])]);
  const apart = graph.op('Transpose', [split], { perm: [0, 1, 3, 2, 4, 5] });
  return graph.op('Reshape', [apart, graph.integers([-1, grid, grid, fine])]);
}
