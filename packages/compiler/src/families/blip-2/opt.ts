/**
 * The graph of an OPT decoder (Zhang et al. 2022, arXiv 2205.01068): learned positions, layer norms, ReLU, biases
 * everywhere. Inputs and outputs are those the engine of `core` expects.
 */
import {
  type AttentionInputs,
  type AttentionShape,
  cachedAttention,
  type KvScales,
} from '../../blocks/attention.ts';
import type { Build, Weights } from '../../blocks/build.ts';
import { linear } from '../../blocks/linear.ts';
import { layerNorm } from '../../blocks/transformer.ts';
import { biased } from '../../blocks/vision-transformer.ts';
import { GraphBuilder, type Value } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import type { Quantization } from '../../quantize/block.ts';

export interface OptPlan extends AttentionShape {
  readonly width: number;
  readonly layers: number;
  readonly feedForward: number;
  /** Positions of the checkpoint, and how many of them are kept. */
  readonly positions: number;
  readonly context: number;
  readonly vocabulary: number;
  /** The head is the embedding table. */
  readonly tied: boolean;
}

export interface OptOptions {
  /** Absent: linears stay float32. */
  readonly quantization?: Quantization | undefined;
  /** One entry per layer for an int8 cache; absent: a float32 cache. */
  readonly kvScales?: readonly KvScales[] | undefined;
}

export const optRoot = 'language_model.model.decoder';
/** The table of positions begins with so many rows that no position uses. */
const unused = 2;

export function buildOpt(plan: OptPlan, weights: Weights, options: OptOptions = {}): Model {
  const { width, context } = plan;
  const graph = new GraphBuilder('decoder');
  const build: Build = { graph, weights, quantization: options.quantization };
  const embeds = graph.input('embeds', 'f32', ['batch', 'positions', width]);
  const positions = graph.input('positions', 'i64', ['batch', 'positions']);
  const inputs: AttentionInputs = {
    last: graph.input('last', 'i32', ['batch']),
    capacity: graph.input('capacity', 'i32', []),
  };
  const load = weights(`${optRoot}.embed_positions.weight`, [plan.positions + unused, width]);
  const table = graph.initializer('positions.table', 'f32', [context, width], async () =>
    (await load()).subarray(unused * width, (unused + context) * width),
  );
  let x = graph.op('Add', [embeds, graph.op('Gather', [table, positions])]);
  for (let index = 0; index < plan.layers; index++) {
    x = layer(build, x, plan, index, inputs, options.kvScales?.[index]);
  }
  const normed = layerNorm(build, x, `${optRoot}.final_layer_norm`, width);
  graph.output(graph.op('Identity', [normed], {}, 'hidden'), 'f32', ['batch', 'positions', width]);
  return graph.build();
}

function layer(
  build: Build,
  x: Value,
  plan: OptPlan,
  index: number,
  inputs: AttentionInputs,
  scales: KvScales | undefined,
): Value {
  const { graph } = build;
  const { width, feedForward } = plan;
  const prefix = `${optRoot}.layers.${index}`;
  const part = (name: string) => ({
    tensor: `${prefix}.self_attn.${name}.weight`,
    outputs: width,
    bias: `${prefix}.self_attn.${name}.bias`,
  });
  const normed = layerNorm(build, x, `${prefix}.self_attn_layer_norm`, width);
  const parts = [part('q_proj'), part('k_proj'), part('v_proj')];
  const packed = linear(build, normed, `${prefix}.self_attn.qkv`, width, parts);
  const attended = cachedAttention(build, packed, { shape: plan, inputs, layer: index, scales });
  const middle = graph.op('Add', [x, biased(build, attended, `${prefix}.self_attn.out_proj`, width, width)]);
  const second = layerNorm(build, middle, `${prefix}.final_layer_norm`, width);
  const inner = graph.op('Relu', [biased(build, second, `${prefix}.fc1`, width, feedForward)]);
  return graph.op('Add', [middle, biased(build, inner, `${prefix}.fc2`, feedForward, width)]);
}
