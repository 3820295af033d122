/**
 * A pre-norm transformer block without a cache, as encoders use: layer norm, attention over all positions, GELU.
 * Linears have a bias and stay float32. `x [1, positions, width]`.
 */
import type { Value } from '../onnx/graph.ts';
import { type Build, weight } from './build.ts';
import { gelu } from './convolution.ts';

export interface TransformerBlock {
  readonly prefix: string;
  readonly width: number;
  readonly heads: number;
  readonly feedForward: number;
}

export function transformerBlock(
  build: Build,
  x: Value,
  { prefix, width, heads, feedForward }: TransformerBlock,
): Value {
  const { graph } = build;
  const packed = affine(
    build,
    layerNorm(build, x, `${prefix}.norm1`, width),
    `${prefix}.attention.qkv`,
    width,
    3 * width,
  );
  const sizes = graph.integers([width, width, width]);
  const [query, key, value] = graph.ops('Split', [packed, sizes], { axis: -1 }, [
    undefined,
    undefined,
    undefined,
  ] as const);
  const attended = graph.op('MultiHeadAttention', [query, key, value], { num_heads: heads });
  const middle = graph.op('Add', [x, affine(build, attended, `${prefix}.attention.out`, width, width)]);
  const inner = affine(
    build,
    layerNorm(build, middle, `${prefix}.norm2`, width),
    `${prefix}.mlp.0`,
    width,
    feedForward,
  );
  return graph.op('Add', [middle, affine(build, gelu(build, inner), `${prefix}.mlp.1`, feedForward, width)]);
}

/** Layer norm over the last axis. */
export function layerNorm(build: Build, x: Value, prefix: string, width: number, epsilon = 1e-5): Value {
  const scale = weight(build, `${prefix}.weight`, [width]);
  const bias = weight(build, `${prefix}.bias`, [width]);
  return build.graph.op('LayerNormalization', [x, scale, bias], { axis: -1, epsilon: { float: epsilon } });
}

/** `x Wᵀ + b` of tensors `weight [outputs, inputs]` and `bias [outputs]`. */
export function affine(
  build: Build,
  x: Value,
  prefix: string,
  inputs: number,
  outputs: number,
  output?: string,
): Value {
  const { graph } = build;
  const stored = weight(build, `${prefix}.weight`, [outputs, inputs]);
  const product = graph.op('MatMul', [x, graph.op('Transpose', [stored], { perm: [1, 0] })]);
  return graph.op('Add', [product, weight(build, `${prefix}.bias`, [outputs])], {}, output);
}
