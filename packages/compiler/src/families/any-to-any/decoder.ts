/**
 * The decoder's graph: embeddings in, hidden states out, keys and values kept in place by whoever runs it.
 * Tables and heads are files of their own, so any mix of ids and embeddings can come in.
 */
import { type AttentionInputs, cachedAttention, type KvScales } from '../../blocks/attention.ts';
import { type Build, type Weights, weight } from '../../blocks/build.ts';
import { swiglu } from '../../blocks/feed-forward.ts';
import { linear } from '../../blocks/linear.ts';
import { addAndNorm, addAndNormLast, type Norm, rmsNorm } from '../../blocks/norm.ts';
import { rotaryTables } from '../../blocks/rotary.ts';
import { GraphBuilder, type Value } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import type { Quantization } from '../../quantize/block.ts';
import type { DecoderConfig } from './config.ts';
import { conditionalLora, gatedResidual, headScale, type MixIn, typeEmbedding } from './mix-in.ts';

/** The config's decoder and the two sizes it takes from the rest of the config. */
export interface DecoderPlan extends DecoderConfig {
  /** Marks count as the first. */
  readonly modalities: number;
  readonly bucketRows: number;
}

export interface DecoderOptions {
  /** Absent: linears stay float32. */
  readonly quantization?: Quantization | undefined;
  /** One entry per layer for an int8 cache; absent: a float32 cache. */
  readonly kvScales?: readonly KvScales[] | undefined;
}

/** True if any part needs to know each position's modality. */
export function usesModality(plan: DecoderConfig): boolean {
  return plan.typeEmbedding || plan.loraRank > 0 || plan.headScale || plan.gatedResidual;
}

/** Inputs: `embeds`, `positions`, `last`, `capacity`, `modality`?, `buckets`?, `past_*`; outputs: `hidden`, `present_*`. */
export function buildDecoder(plan: DecoderPlan, weights: Weights, options: DecoderOptions = {}): Model {
  const graph = new GraphBuilder('decoder');
  const build: Build = { graph, weights, quantization: options.quantization };
  const embeds = graph.input('embeds', 'f32', ['batch', 'positions', plan.width]);
  const inputs = attentionInputs(build, plan);
  const modality = usesModality(plan) ? graph.input('modality', 'i32', ['batch', 'positions']) : undefined;
  const bias = plan.buckets ? bucketBias(build, plan) : undefined;
  const norm: Norm = { tensor: 'norm.weight', width: plan.width, epsilon: plan.normEpsilon };

  let state: State = { x: embeds };
  for (let index = 0; index < plan.layers; index++) {
    const layer = `layers.${index}`;
    const mixIn = modality && { build, plan, modality, layer };
    state = addLayer(
      { build, plan, index, layer, mixIn, inputs: { ...inputs, bias } },
      state,
      options.kvScales?.[index],
    );
  }
  const hidden = addAndNormLast(build, state.x, state.added!, norm, 'hidden'); // a plan has at least one layer
  graph.output(hidden, 'f32', ['batch', 'positions', plan.width]);
  return graph.build();
}

/** The residual stream: `x`, and the last branch, which the next norm adds to it on the way. */
interface State {
  readonly x: Value;
  readonly added?: Value | undefined;
}

interface Layer {
  readonly build: Build;
  readonly plan: DecoderPlan;
  readonly index: number;
  readonly layer: string;
  readonly mixIn: MixIn | undefined;
  readonly inputs: AttentionInputs;
}

function addLayer(context: Layer, state: State, scales: KvScales | undefined): State {
  const { build, plan, layer, mixIn } = context;
  const norm = (part: string): Norm => ({
    tensor: `${layer}.${part}.norm.weight`,
    width: plan.width,
    epsilon: plan.normEpsilon,
  });
  const entry = enter(context, state, norm('attention'));
  let attended = attend(context, entry.normed, scales);
  if (mixIn && plan.gatedResidual) attended = gatedResidual(mixIn, 'attention', attended);
  const middle = addAndNorm(build, entry.x, attended, norm('feed_forward'));
  const prefix = `${layer}.feed_forward`;
  let fed = swiglu(build, middle.normed, { prefix, width: plan.width, hidden: plan.feedForward });
  if (mixIn && plan.gatedResidual) fed = gatedResidual(mixIn, 'feed_forward', fed);
  return { x: middle.sum, added: fed };
}

/** Adds what is still to be added, and the type embedding, and norms. */
function enter({ build, plan, mixIn }: Layer, { x, added }: State, norm: Norm): { x: Value; normed: Value } {
  if (mixIn && plan.typeEmbedding) {
    const whole = added === undefined ? x : build.graph.op('Add', [x, added]);
    const { sum, normed } = addAndNorm(build, whole, typeEmbedding(mixIn, whole), norm);
    return { x: sum, normed };
  }
  if (added === undefined) return { x, normed: rmsNorm(build, x, norm) };
  const { sum, normed } = addAndNorm(build, x, added, norm);
  return { x: sum, normed };
}

function attend(
  { build, plan, index, layer, mixIn, inputs }: Layer,
  h: Value,
  scales: KvScales | undefined,
): Value {
  const { width, heads, kvHeads, headWidth } = plan;
  const prefix = `${layer}.attention`;
  let packed = linear(build, h, `${prefix}.qkv`, width, [
    { tensor: `${prefix}.q.weight`, outputs: heads * headWidth },
    { tensor: `${prefix}.k.weight`, outputs: kvHeads * headWidth },
    { tensor: `${prefix}.v.weight`, outputs: kvHeads * headWidth },
  ]);
  if (mixIn && plan.loraRank > 0) packed = build.graph.op('Add', [packed, conditionalLora(mixIn, h)]);
  const headNormOf = (tensor: string): Norm => ({
    tensor: `${prefix}.${tensor}.weight`,
    width: headWidth,
    epsilon: plan.normEpsilon,
  });
  let out = cachedAttention(build, packed, {
    shape: plan,
    inputs,
    layer: index,
    norms: plan.qkNorm ? { query: headNormOf('q_norm'), key: headNormOf('k_norm') } : undefined,
    scales,
  });
  if (mixIn && plan.headScale) out = headScale(mixIn, h, out);
  return linear(build, out, `${prefix}.o`, heads * headWidth, [
    { tensor: `${prefix}.o.weight`, outputs: width },
  ]);
}

function attentionInputs({ graph }: Build, plan: DecoderPlan): AttentionInputs {
  return {
    positions: graph.input('positions', 'i64', ['batch', 'positions']),
    last: graph.input('last', 'i32', ['batch']),
    capacity: graph.input('capacity', 'i32', []),
    ...rotaryTables(graph, { theta: plan.ropeTheta, headWidth: plan.headWidth, context: plan.context }),
  };
}

/** `buckets [batch, positions, capacity]` → `[batch, heads, positions, capacity]`, once for all layers. */
function bucketBias(build: Build, { bucketRows: rows, heads }: DecoderPlan): Value {
  const { graph } = build;
  const buckets = graph.input('buckets', 'i32', ['batch', 'positions', 'capacity']);
  const table = weight(build, 'buckets.weight', [rows, heads]);
  return graph.op('Transpose', [graph.op('Gather', [table, buckets])], { perm: [0, 3, 1, 2] });
}
