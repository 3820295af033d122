/**
 * RMS norm (Zhang & Sennrich 2019, arXiv 1910.07467): `x / sqrt(mean(x²) + epsilon) * weight`, over the last axis; and
 * group norm (Wu & He 2018, arXiv 1803.08494) over the channels of a picture.
 */
import type { Value } from '../onnx/graph.ts';
import { type Build, weight } from './build.ts';

export interface Norm {
  /** Tensor `[width]`. */
  readonly tensor: string;
  readonly width: number;
  readonly epsilon: number;
}

export function rmsNorm(build: Build, x: Value, norm: Norm): Value {
  return build.graph.op('SimplifiedLayerNormalization', [x, weight(build, norm.tensor, [norm.width])], {
    axis: -1,
    epsilon: { float: norm.epsilon },
  });
}

/** `sum = x + added` and its norm, in one pass. */
export function addAndNorm(build: Build, x: Value, added: Value, norm: Norm): { sum: Value; normed: Value } {
  const inputs = [added, x, weight(build, norm.tensor, [norm.width])];
  const epsilon = { epsilon: { float: norm.epsilon } };
  const names = [undefined, null, null, undefined] as const;
  const [normed, , , sum] = build.graph.ops('SkipSimplifiedLayerNormalization', inputs, epsilon, names);
  return { sum, normed };
}

/** The norm of `x + added` under the name `output`, where the sum is not needed. */
export function addAndNormLast(build: Build, x: Value, added: Value, norm: Norm, output: string): Value {
  const inputs = [added, x, weight(build, norm.tensor, [norm.width])];
  const epsilon = { epsilon: { float: norm.epsilon } };
  return build.graph.op('SkipSimplifiedLayerNormalization', inputs, epsilon, output);
}

/** Norm over each head: `x [batch, positions, heads * width]`, all heads with the same weight. */
export function headNorm(build: Build, x: Value, heads: number, norm: Norm): Value {
  const { graph } = build;
  const split = graph.op('Reshape', [x, graph.integers([0, 0, heads, norm.width])]);
  return graph.op('Reshape', [rmsNorm(build, split, norm), graph.integers([0, 0, heads * norm.width])]);
}

/** `x [1, channels, rows, columns]`: mean and deviation of each group of channels over the whole picture. */
export function groupNorm(
  build: Build,
  x: Value,
  prefix: string,
  channels: number,
  groups: number,
  epsilon = 1e-6,
): Value {
  const { graph } = build;
  const grouped = graph.op('Reshape', [x, graph.integers([0, groups, -1])]);
  const ones = graph.floats(`ones.${groups}`, [groups], new Float32Array(groups).fill(1));
  const zeros = graph.floats(`zeros.${groups}`, [groups], new Float32Array(groups));
  const normed = graph.op('InstanceNormalization', [grouped, ones, zeros], { epsilon: { float: epsilon } });
  const back = graph.op('Reshape', [normed, graph.op('Shape', [x])]);
  const along = (name: string): Value =>
    graph.initializer(
      `${prefix}.${name}`,
      'f32',
      [channels, 1, 1],
      build.weights(`${prefix}.${name}`, [channels]),
    );
  return graph.op('Add', [graph.op('Mul', [back, along('weight')]), along('bias')]);
}
