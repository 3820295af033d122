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

export interface HeadNorm extends Norm {
  /** Present: layer norm, each head with a weight and a bias of its own, both tensors `[heads, width]`. */
  readonly bias?: string | undefined;
}

/** Norm over each head: `x [batch, positions, heads * width]`; RMS norm has the same weight for all heads. */
export function headNorm(build: Build, x: Value, heads: number, norm: HeadNorm): Value {
  const { graph } = build;
  const split = graph.op('Reshape', [x, graph.integers([0, 0, heads, norm.width])]);
  const normed = norm.bias === undefined ? rmsNorm(build, split, norm) : ownNorm(build, split, heads, norm);
  return graph.op('Reshape', [normed, graph.integers([0, 0, heads * norm.width])]);
}

/** Mean and deviation of each head, then the head's own weight and bias. */
function ownNorm(build: Build, x: Value, heads: number, { tensor, bias, width, epsilon }: HeadNorm): Value {
  const { graph } = build;
  const ones = graph.floats(`ones.${width}`, [width], new Float32Array(width).fill(1));
  const normed = graph.op('LayerNormalization', [x, ones], { axis: -1, epsilon: { float: epsilon } });
  const scaled = graph.op('Mul', [normed, weight(build, tensor, [heads, width])]);
  return graph.op('Add', [scaled, weight(build, bias!, [heads, width])]); // called where there is one
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
