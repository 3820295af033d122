/**
 * Convolutions with bias over `[1, channels, rows, columns]` and what stands between them. Zero padding, no norms:
 * whatever is made of these has a finite receptive field.
 */
import type { Value } from '../onnx/graph.ts';
import { type Build, weight } from './build.ts';

export interface Convolution {
  /** Prefix of `weight [outputs, inputs, kernel, kernel]` and `bias [outputs]`. */
  readonly prefix: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride?: number;
  /** Rows and columns of zeros: on all sides, or `[top, left, bottom, right]`. */
  readonly padding?: number | readonly [number, number, number, number];
}

export function convolution(build: Build, x: Value, options: Convolution, output?: string): Value {
  const { prefix, inputs, outputs, kernel, stride = 1, padding = 0 } = options;
  const weights = weight(build, `${prefix}.weight`, [outputs, inputs, kernel, kernel]);
  const bias = weight(build, `${prefix}.bias`, [outputs]);
  const attributes = {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: typeof padding === 'number' ? [padding, padding, padding, padding] : padding,
  };
  return build.graph.op('Conv', [x, weights, bias], attributes, output);
}

/** The exact form, with the error function. */
export function gelu({ graph }: Build, x: Value): Value {
  return graph.op('Gelu', [x]);
}

/** `x + conv2(gelu(conv1(x)))`, of 3×3 and 1×1, `channels` wide throughout. */
export function residualBlock(build: Build, x: Value, prefix: string, channels: number): Value {
  const wide = { prefix: `${prefix}.conv1`, inputs: channels, outputs: channels, kernel: 3, padding: 1 };
  const narrow = { prefix: `${prefix}.conv2`, inputs: channels, outputs: channels, kernel: 1 };
  const branch = convolution(build, gelu(build, convolution(build, x, wide)), narrow);
  return build.graph.op('Add', [x, branch]);
}

/** `[1, channels * factor², rows, columns]` → `[1, channels, rows * factor, columns * factor]`, as PyTorch's PixelShuffle. */
export function pixelShuffle({ graph }: Build, x: Value, factor: number, output?: string): Value {
  return graph.op('DepthToSpace', [x], { blocksize: factor, mode: 'CRD' }, output);
}
