/**
 * Convolutions over `[1, channels, length]`, whole or piece by piece: `length` → `ceil(length / stride)`, and the
 * transposed ones `length` → `length * stride`.
 */
import type { Value } from '../onnx/graph.ts';
import { weight } from './build.ts';
import { type PaddingMode, pad } from './padding.ts';
import type { StreamBuild } from './stream.ts';

export interface Convolution1d {
  /** Prefix of `weight [outputs, inputs, kernel]` and `bias [outputs]`, and the name of the state. */
  readonly prefix: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly bias?: boolean;
  readonly padding: PaddingMode;
  readonly causal: boolean;
}

export function convolution1d(build: StreamBuild, x: Value, options: Convolution1d): Value {
  const { prefix, inputs, outputs, kernel, stride = 1, dilation = 1, bias = true } = options;
  const weights = weight(build, `${prefix}.weight`, [outputs, inputs, kernel]);
  const biases = bias ? weight(build, `${prefix}.bias`, [outputs]) : undefined;
  const padded = pad(build, x, {
    name: prefix,
    channels: inputs,
    reach: reachOf(options),
    stride,
    mode: options.padding,
    causal: options.causal,
  });
  const attributes = { kernel_shape: [kernel], strides: [stride], dilations: [dilation] };
  return build.graph.op('Conv', [padded, weights, biases], attributes);
}

/** Positions before its own that an output depends on, beyond those of its stride. */
export function reachOf({ kernel, stride = 1, dilation = 1 }: Convolution1d): number {
  return (kernel - 1) * dilation + 1 - stride;
}

export interface TransposedConvolution1d {
  /** Prefix of `weight [inputs, outputs / groups, 2 * stride]` and `bias [outputs]`, and the name of the state. */
  readonly prefix: string;
  readonly inputs: number;
  readonly outputs: number;
  /** The kernel is twice as long. */
  readonly stride: number;
  readonly groups?: number;
  readonly bias?: boolean;
  /** Of the `stride` positions too many, how many are cut off at the end; the others at the beginning. */
  readonly trimRight: number;
}

/** With a stream, `trimRight` must be the stride: otherwise the end of a piece would need the next one. */
export function transposedConvolution1d(
  build: StreamBuild,
  x: Value,
  options: TransposedConvolution1d,
): Value {
  const { graph, stream } = build;
  const { prefix, inputs, outputs, stride, groups = 1, bias = true, trimRight } = options;
  const weights = weight(build, `${prefix}.weight`, [inputs, outputs / groups, 2 * stride]);
  const biases = bias ? weight(build, `${prefix}.bias`, [outputs]) : undefined;
  const attributes = { kernel_shape: [2 * stride], strides: [stride], group: groups };
  if (stream === undefined) {
    return graph.op('ConvTranspose', [x, weights, biases], {
      ...attributes,
      pads: [stride - trimRight, trimRight],
    });
  }
  // Each position reaches into the outputs of the next one: the last of the run before comes first again.
  const past = stream.past(prefix, [1, inputs, 1]);
  const both = graph.op('Concat', [past, x], { axis: 2 });
  const last = [graph.integers([-1]), graph.integers([Number.MAX_SAFE_INTEGER]), graph.integers([2])];
  stream.present(prefix, graph.op('Slice', [both, ...last]));
  return graph.op('ConvTranspose', [both, weights, biases], { ...attributes, pads: [stride, stride] });
}
