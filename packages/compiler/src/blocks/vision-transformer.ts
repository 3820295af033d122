/**
 * A pre-norm block of a vision tower (Dosovitskiy et al. 2021, arXiv 2010.11929), with the names and options in which
 * towers of checkpoints differ: layer norm, attention over all patches, exact GELU. `x [1, patches, width]`.
 */
import type { Value } from '../onnx/graph.ts';
import type { Build } from './build.ts';
import { gelu } from './convolution.ts';
import { linear } from './linear.ts';
import { layerNorm } from './transformer.ts';

/** Prefixes of the tensors `weight` and `bias`. */
export interface VisionNames {
  readonly norm1: string;
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly out: string;
  readonly norm2: string;
  readonly up: string;
  readonly down: string;
}

export interface VisionBlock {
  readonly names: VisionNames;
  readonly width: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly epsilon: number;
  /** Whether queries, keys and values have a bias; the other linears do. */
  readonly bias: boolean;
}

export function visionBlock(build: Build, x: Value, block: VisionBlock): Value {
  const { graph } = build;
  const { names, width, heads, feedForward, epsilon, bias } = block;
  const part = (name: string) => ({
    tensor: `${name}.weight`,
    outputs: width,
    bias: bias ? `${name}.bias` : undefined,
  });
  const parts = [part(names.query), part(names.key), part(names.value)];
  const normed = layerNorm(build, x, names.norm1, width, epsilon);
  const packed = linear(build, normed, `${names.query}.kv`, width, parts);
  const [query, key, value] = graph.ops(
    'Split',
    [packed, graph.integers([width, width, width])],
    { axis: -1 },
    [undefined, undefined, undefined] as const,
  );
  const attended = graph.op('MultiHeadAttention', [query, key, value], { num_heads: heads });
  const middle = graph.op('Add', [x, biased(build, attended, names.out, width, width)]);
  const second = layerNorm(build, middle, names.norm2, width, epsilon);
  const inner = gelu(build, biased(build, second, names.up, width, feedForward));
  return graph.op('Add', [middle, biased(build, inner, names.down, feedForward, width)]);
}

/** `linear` with a bias, of tensors `weight [outputs, inputs]` and `bias [outputs]`. */
export function biased(
  build: Build,
  x: Value,
  name: string,
  inputs: number,
  outputs: number,
  output?: string,
): Value {
  return linear(
    build,
    x,
    `${name}.matrix`,
    inputs,
    [{ tensor: `${name}.weight`, outputs, bias: `${name}.bias` }],
    output,
  );
}
