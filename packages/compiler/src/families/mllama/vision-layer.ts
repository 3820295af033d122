/**
 * A layer of the vision tower: pre-norm, no biases in attention, and in the global transformer a gate on both branches.
 * `x [1, patches of all tiles, width]`.
 */
import type { Build } from '../../blocks/build.ts';
import { gelu } from '../../blocks/convolution.ts';
import { linear } from '../../blocks/linear.ts';
import { layerNorm } from '../../blocks/transformer.ts';
import type { Value } from '../../onnx/graph.ts';

export interface VisionLayer {
  readonly prefix: string;
  readonly width: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly epsilon: number;
  readonly gated: boolean;
  /** For every tile `[1, 1, patches, all]`, added to the scores. */
  readonly bias: readonly Value[];
}

export function visionLayer(build: Build, x: Value, layer: VisionLayer): Value {
  const { graph } = build;
  const { prefix, width, heads, feedForward, epsilon, gated, bias } = layer;
  const part = (name: string) => ({ tensor: `${prefix}.self_attn.${name}.weight`, outputs: width });
  const open = (branch: Value, name: string): Value =>
    gated ? graph.op('Mul', [branch, tanhOf(build, `${prefix}.${name}`)]) : branch;
  const normed = layerNorm(build, x, `${prefix}.input_layernorm`, width, epsilon);
  const qkv = [part('q_proj'), part('k_proj'), part('v_proj')];
  const packed = linear(build, normed, `${prefix}.self_attn.qkv`, width, qkv);
  const [query, key, value] = graph.ops(
    'Split',
    [packed, graph.integers([width, width, width])],
    { axis: -1 },
    [undefined, undefined, undefined] as const,
  );
  // Tile by tile: the scores of all patches at once would take gigabytes.
  const tiles = graph.ops(
    'Split',
    [query],
    { axis: 1, num_outputs: bias.length },
    bias.map(() => undefined),
  );
  const attended = graph.op(
    'Concat',
    tiles.map((tile, i) =>
      graph.op('MultiHeadAttention', [tile, key, value, undefined, undefined, bias[i]], { num_heads: heads }),
    ),
    { axis: 1 },
  );
  const out = linear(build, attended, `${prefix}.self_attn.o_proj`, width, [part('o_proj')]);
  const middle = graph.op('Add', [x, open(out, 'gate_attn')]);
  const second = layerNorm(build, middle, `${prefix}.post_attention_layernorm`, width, epsilon);
  const dense = (h: Value, name: string, inputs: number, outputs: number): Value => {
    const tensors = { tensor: `${prefix}.mlp.${name}.weight`, bias: `${prefix}.mlp.${name}.bias` };
    return linear(build, h, `${prefix}.mlp.${name}`, inputs, [{ ...tensors, outputs }]);
  };
  const inner = gelu(build, dense(second, 'fc1', width, feedForward));
  return graph.op('Add', [middle, open(dense(inner, 'fc2', feedForward, width), 'gate_ffn')]);
}

/** The tanh of a tensor `[1]`, taken when it is written. */
export function tanhOf({ graph, weights }: Build, tensor: string): Value {
  const load = weights(tensor, [1]);
  return graph.initializer(tensor, 'f32', [1], async () => (await load()).map(Math.tanh));
}
