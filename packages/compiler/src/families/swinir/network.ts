/**
 * SwinIR (Liang et al. 2021, arXiv 2108.10257) as a graph: blocks with the norm before, scaled products as scores, and a
 * learned bias for every offset in a window.
 */
import { type Build, type Weights, weight } from '../../blocks/build.ts';
import { gelu } from '../../blocks/convolution.ts';
import {
  attend,
  biasOf,
  headsOf,
  type SwinBlock,
  type SwinNames,
  scoresOf,
  swinBody,
} from '../../blocks/swin.ts';
import { affine, layerNorm } from '../../blocks/transformer.ts';
import type { Windows } from '../../blocks/windows.ts';
import type { Value } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import { buildUpsampler, type UpsamplerPlan } from '../upsampler.ts';

const names: SwinNames = {
  first: 'conv_first',
  embedNorm: 'patch_embed.norm',
  block: (stage, index) => `layers.${stage}.residual_group.blocks.${index}`,
  stageEnd: (stage) => `layers.${stage}.conv`,
  norm: 'norm',
  after: 'conv_after_body',
  epsilon: 1e-5,
  hidden: -100,
};

export function buildSwinir(plan: UpsamplerPlan, weights: Weights): Model {
  return buildUpsampler(plan, weights, (build, normal, size) =>
    swinBody(build, normal, size, plan, names, (_, x, block, windows) =>
      layer(build, x, block, windows, plan),
    ),
  );
}

function layer(
  build: Build,
  x: Value,
  block: SwinBlock,
  windows: Windows,
  { width, hidden }: UpsamplerPlan,
): Value {
  const { graph } = build;
  const { prefix, isShifted } = block;
  const cut = windows.cut(layerNorm(build, x, `${prefix}.norm1`, width), isShifted);
  const attended = attention(build, cut, block, width, windows);
  const middle = graph.op('Add', [x, windows.join(attended, isShifted)]);
  const normed = layerNorm(build, middle, `${prefix}.norm2`, width);
  const inner = gelu(build, affine(build, normed, `${prefix}.mlp.fc1`, width, hidden));
  return graph.op('Add', [middle, affine(build, inner, `${prefix}.mlp.fc2`, hidden, width)]);
}

/** `x [windows, side², width]`. */
function attention(build: Build, x: Value, block: SwinBlock, width: number, windows: Windows): Value {
  const { graph } = build;
  const { heads } = block;
  const prefix = `${block.prefix}.attn`;
  const headWidth = width / heads;
  const packed = affine(build, x, `${prefix}.qkv`, width, 3 * width);
  const sizes = graph.integers([width, width, width]);
  const parts = graph.ops('Split', [packed, sizes], { axis: -1 }, [undefined, undefined, undefined] as const);
  const apart = (part: Value): Value => headsOf(build, part, heads, headWidth);
  const scale = graph.floats(`scale.${headWidth}`, [], [headWidth ** -0.5]);
  const query = graph.op('Mul', [apart(parts[0]), scale]);
  const scores = scoresOf(build, query, apart(parts[1]));
  const offsets = (2 * windows.side - 1) ** 2;
  const table = weight(build, `${prefix}.relative_position_bias_table`, [offsets, heads]);
  const bias = biasOf(build, table, windows.side);
  const mixed = attend(build, { scores, bias, block }, apart(parts[2]), windows);
  return affine(build, mixed, `${prefix}.proj`, width, width);
}
