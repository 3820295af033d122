/**
 * Swin2SR (Conde et al. 2022, arXiv 2209.11345) as a graph, with the names of transformers: blocks with the norm after,
 * cosines as scores, and a bias that a small network makes of every offset in a window.
 */
import { type Build, type Weights, weight } from '../../blocks/build.ts';
import { gelu } from '../../blocks/convolution.ts';
import { linear } from '../../blocks/linear.ts';
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
import type { GraphBuilder, Value } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import { buildUpsampler } from '../upsampler.ts';
import type { Swin2srPlan } from './config.ts';

const namesOf = ({ epsilon }: Swin2srPlan): SwinNames => ({
  first: 'swin2sr.first_convolution',
  embed: 'swin2sr.embeddings.patch_embeddings.projection',
  embedNorm: 'swin2sr.embeddings.patch_embeddings.layernorm',
  block: (stage, index) => `swin2sr.encoder.stages.${stage}.layers.${index}`,
  stageEnd: (stage) => `swin2sr.encoder.stages.${stage}.conv`,
  stageEmbed: (stage) => `swin2sr.encoder.stages.${stage}.patch_embed.projection`,
  norm: 'swin2sr.layernorm',
  after: 'swin2sr.conv_after_body',
  epsilon,
  hidden: -200, // the reference adds its mask of −100 twice
});

/** `positions`: width of the small network of every block. */
export function buildSwin2sr(plan: Swin2srPlan, positions: number, weights: Weights): Model {
  return buildUpsampler(plan, weights, (build, normal, size) =>
    swinBody(build, normal, size, plan, namesOf(plan), (_, x, block, windows) =>
      layer(build, x, block, windows, plan, positions),
    ),
  );
}

function layer(
  build: Build,
  x: Value,
  block: SwinBlock,
  windows: Windows,
  plan: Swin2srPlan,
  positions: number,
): Value {
  const { graph } = build;
  const { width, hidden, epsilon } = plan;
  const { prefix, isShifted } = block;
  const attended = attention(build, windows.cut(x, isShifted), block, windows, plan, positions);
  const joined = windows.join(attended, isShifted);
  const middle = graph.op('Add', [x, layerNorm(build, joined, `${prefix}.layernorm_before`, width, epsilon)]);
  const inner = gelu(build, affine(build, middle, `${prefix}.intermediate.dense`, width, hidden));
  const outer = affine(build, inner, `${prefix}.output.dense`, hidden, width);
  return graph.op('Add', [middle, layerNorm(build, outer, `${prefix}.layernorm_after`, width, epsilon)]);
}

/** `x [windows, side², width]`. */
function attention(
  build: Build,
  x: Value,
  block: SwinBlock,
  windows: Windows,
  { width, bias: hasBias }: Swin2srPlan,
  positions: number,
): Value {
  const { graph } = build;
  const { heads } = block;
  const prefix = `${block.prefix}.attention`;
  /** Queries and values may have a bias, keys never. */
  const apart = (name: string, isBiased: boolean): Value => {
    const stem = `${prefix}.self.${name}`;
    const part = { tensor: `${stem}.weight`, outputs: width, bias: isBiased ? `${stem}.bias` : undefined };
    return headsOf(build, linear(build, x, stem, width, [part]), heads, width / heads);
  };
  const cosines = scoresOf(build, unit(graph, apart('query', hasBias)), unit(graph, apart('key', false)));
  const stored = weight(build, `${prefix}.self.logit_scale`, [heads, 1, 1]);
  const most = graph.floats('largest-scale', [], [Math.log(100)]);
  const scale = graph.op('Exp', [graph.op('Min', [stored, most])]);
  const scores = graph.op('Mul', [cosines, scale]);
  const bias = offsetBias(
    build,
    `${prefix}.self.continuous_position_bias_mlp`,
    heads,
    windows.side,
    positions,
  );
  const mixed = attend(build, { scores, bias, block }, apart('value', hasBias), windows);
  return affine(build, mixed, `${prefix}.output.dense`, width, width);
}

/** `x / max(|x|, 1e-12)` along the last axis. */
function unit(graph: GraphBuilder, x: Value): Value {
  const length = graph.op('ReduceL2', [x, graph.integers([-1])], { keepdims: 1 });
  const least = graph.floats('shortest', [], [1e-12]);
  return graph.op('Div', [x, graph.op('Max', [length, least])]);
}

/** `16 sigmoid(W2 relu(W1 offset + b1))`, `[heads, side², side²]`. All of it is constant: the runtime reckons it once. */
function offsetBias(build: Build, prefix: string, heads: number, side: number, positions: number): Value {
  const { graph } = build;
  const table = graph.floats('window.places', [(2 * side - 1) ** 2, 2], offsetPlaces(side));
  const inner = graph.op('Relu', [affine(build, table, `${prefix}.0`, 2, positions)]);
  const outer = linear(build, inner, `${prefix}.2`, positions, [
    { tensor: `${prefix}.2.weight`, outputs: heads },
  ]);
  const bounded = graph.op('Sigmoid', [biasOf(build, outer, side)]);
  return graph.op('Mul', [bounded, graph.floats('largest-bias', [], [16])]);
}

/** Row and column of every offset, `sign(d) log2(1 + 8 |d| / (side − 1)) / 3`: `[(2 side − 1)², 2]`. */
function offsetPlaces(side: number): number[] {
  const placeOf = (offset: number): number => {
    const far = (8 * offset) / (side - 1);
    return (Math.sign(far) * Math.log2(Math.abs(far) + 1)) / 3;
  };
  const across = 2 * side - 1;
  return Array.from({ length: across ** 2 }, (_, i) => [
    placeOf(Math.floor(i / across) - side + 1),
    placeOf((i % across) - side + 1),
  ]).flat();
}
