/**
 * ConvNeXt blocks over time (Liu et al. 2022, arXiv 2201.03545): depthwise convolution, layer norm, two linears with
 * GELU, scaled and added. `x [1, positions, width]`.
 */
import type { Value } from '../onnx/graph.ts';
import { weight } from './build.ts';
import { gelu } from './convolution.ts';
import type { StreamBuild } from './stream.ts';
import { affine, layerNorm } from './transformer.ts';

export interface ConvNextBlock {
  readonly prefix: string;
  readonly width: number;
  /** Positions the depthwise convolution sees: its own and those before it, or as many to either side. */
  readonly kernel: number;
  readonly causal: boolean;
  /** Width between the linears. */
  readonly hidden: number;
}

/** With a stream (causal only), the positions before the first come from the run before. */
export function convNextBlock(build: StreamBuild, x: Value, block: ConvNextBlock): Value {
  const { graph } = build;
  const { prefix, width, hidden } = block;
  const mixed = graph.op('Transpose', [depthwise(build, x, block)], { perm: [0, 2, 1] });
  const normed = layerNorm(build, mixed, `${prefix}.norm`, width);
  const inner = gelu(build, affine(build, normed, `${prefix}.up`, width, hidden));
  const scale = weight(build, `${prefix}.scale`, [width]);
  return graph.op('Add', [
    x,
    graph.op('Mul', [affine(build, inner, `${prefix}.down`, hidden, width), scale]),
  ]);
}

/** `[1, positions, width]` → `[1, width, positions]`. */
function depthwise(build: StreamBuild, x: Value, { prefix, width, kernel, causal }: ConvNextBlock): Value {
  const { graph, stream } = build;
  const weights = weight(build, `${prefix}.depthwise.weight`, [width, 1, kernel]);
  const bias = weight(build, `${prefix}.depthwise.bias`, [width]);
  const channels = graph.op('Transpose', [x], { perm: [0, 2, 1] });
  const reach = kernel - 1;
  const attributes = { kernel_shape: [kernel], group: width };
  if (stream === undefined) {
    const pads = causal ? [reach, 0] : [reach / 2, reach / 2];
    return graph.op('Conv', [channels, weights, bias], { ...attributes, pads });
  }
  const joined = withPast(build, channels, prefix, [1, width, reach]);
  return graph.op('Conv', [joined, weights, bias], attributes);
}

/** The last positions of the run before, then `x`, along the last axis; `past` is the shape of the former. */
export function withPast(
  { graph, stream }: StreamBuild,
  x: Value,
  name: string,
  past: readonly [number, number, number],
): Value {
  const joined = graph.op('Concat', [stream!.past(name, past), x], { axis: 2 }); // callers have a stream
  const last = [graph.integers([-past[2]]), graph.integers([Number.MAX_SAFE_INTEGER]), graph.integers([2])];
  stream!.present(name, graph.op('Slice', [joined, ...last]));
  return joined;
}
