/**
 * The vision tower of BLIP-2: patches and a class token, pre-norm blocks, a norm at the end. `[1, patches + 1, width]`.
 */
import { type Build, weight } from '../../blocks/build.ts';
import { convolution, gelu } from '../../blocks/convolution.ts';
import { linear } from '../../blocks/linear.ts';
import { layerNorm } from '../../blocks/transformer.ts';
import { biased } from '../../blocks/vision-transformer.ts';
import type { Value } from '../../onnx/graph.ts';

export interface VisionPlan {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly feedForward: number;
  /** Of the picture and of a patch, pixels. */
  readonly side: number;
  readonly patch: number;
  readonly epsilon: number;
  /** Whether queries and values have a bias; the checkpoint holds zeros for that of the keys. */
  readonly bias: boolean;
}

const root = 'vision_model';

/** `pixels [1, 3, side, side]`, normalised. */
export function visionTower(build: Build, pixels: Value, plan: VisionPlan): Value {
  const { graph } = build;
  const { width, side, patch, epsilon } = plan;
  const patches = (side / patch) ** 2;
  const embeddings = `${root}.embeddings`;
  const stem = { prefix: `${embeddings}.patch_embedding`, inputs: 3, outputs: width };
  let x = convolution(build, pixels, { ...stem, kernel: patch, stride: patch });
  x = graph.op('Reshape', [x, graph.integers([1, width, patches])]);
  x = graph.op('Transpose', [x], { perm: [0, 2, 1] });
  x = graph.op('Concat', [weight(build, `${embeddings}.class_embedding`, [1, 1, width]), x], { axis: 1 });
  x = graph.op('Add', [x, weight(build, `${embeddings}.position_embedding`, [1, patches + 1, width])]);
  for (let i = 0; i < plan.layers; i++) x = block(build, x, `${root}.encoder.layers.${i}`, plan);
  return layerNorm(build, x, `${root}.post_layernorm`, width, epsilon);
}

function block(build: Build, x: Value, prefix: string, plan: VisionPlan): Value {
  const { graph } = build;
  const { width, heads, feedForward, epsilon, bias } = plan;
  const qkv = `${prefix}.self_attn.qkv`;
  const normed = layerNorm(build, x, `${prefix}.layer_norm1`, width, epsilon);
  const packed = linear(build, normed, qkv, width, [
    { tensor: `${qkv}.weight`, outputs: 3 * width, bias: bias ? `${qkv}.bias` : undefined },
  ]);
  const three = [undefined, undefined, undefined] as const;
  const parts = graph.ops('Split', [packed, graph.integers([width, width, width])], { axis: -1 }, three);
  const attended = graph.op('MultiHeadAttention', parts, { num_heads: heads });
  const middle = graph.op('Add', [
    x,
    biased(build, attended, `${prefix}.self_attn.projection`, width, width),
  ]);
  const second = layerNorm(build, middle, `${prefix}.layer_norm2`, width, epsilon);
  const inner = gelu(build, biased(build, second, `${prefix}.mlp.fc1`, width, feedForward));
  return graph.op('Add', [middle, biased(build, inner, `${prefix}.mlp.fc2`, feedForward, width)]);
}
