/**
 * The graph of a Llama-shaped decoder, with the inputs and outputs that the engine of `core` expects:
 * `embeds`, `positions`, `last`, `capacity`, `past_*` → `hidden`, `present_*`. Tables and heads are files of their own.
 */
import { type AttentionInputs, cachedAttention, type KvScales } from '../../blocks/attention.ts';
import type { Build, Weights } from '../../blocks/build.ts';
import { swiglu } from '../../blocks/feed-forward.ts';
import { linear } from '../../blocks/linear.ts';
import { addAndNorm, addAndNormLast, type HeadNorm, type Norm, rmsNorm } from '../../blocks/norm.ts';
import { scaleRope } from '../../blocks/rope-scaling.ts';
import { rotaryTables } from '../../blocks/rotary.ts';
import { GraphBuilder, type Value } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import type { Quantization } from '../../quantize/block.ts';
import type { LayerPart, LlamaPlan } from './plan.ts';

export interface LlamaOptions {
  /** Absent: linears stay float32. */
  readonly quantization?: Quantization | undefined;
  /** One entry per layer for an int8 cache; absent: a float32 cache. */
  readonly kvScales?: readonly KvScales[] | undefined;
}

/** Of the layer norms of heads, whatever the config says of the others. */
const layerNormEpsilon = 1e-5;

export function buildLlama(plan: LlamaPlan, weights: Weights, options: LlamaOptions = {}): Model {
  const { width, context, theta, headWidth, scaling, normEpsilon: epsilon } = plan;
  const graph = new GraphBuilder('decoder');
  const build: Build = { graph, weights, quantization: options.quantization };
  const embeds = graph.input('embeds', 'f32', ['batch', 'positions', width]);
  const inputs: AttentionInputs = {
    positions: graph.input('positions', 'i64', ['batch', 'positions']),
    last: graph.input('last', 'i32', ['batch']),
    capacity: graph.input('capacity', 'i32', []),
    ...rotaryTables(graph, { ...scaleRope(theta, headWidth, scaling), context }),
  };
  const layer = (x: Entry, index: number): Entry => {
    const attended = (h: Value): Value => attend(build, plan, h, index, inputs, options.kvScales?.[index]);
    const fed = (h: Value): Value =>
      swiglu(build, h, {
        prefix: `layers.${index}.feed_forward`,
        width,
        hidden: plan.feedForward,
        bias: plan.bias.feedForward,
      });
    const norm = (part: LayerPart): Norm => ({ tensor: `layers.${index}.${part}.weight`, width, epsilon });
    const norms = [norm('attention.norm'), norm('feed_forward.norm')] as const;
    return plan.normAfter === true
      ? layerNormingAfter(build, x, norms, attended, fed)
      : layerNormingBefore(build, x, norms, attended, fed);
  };
  let x: Entry = { x: embeds, added: undefined };
  for (let index = 0; index < plan.layers; index++) x = layer(x, index);
  const last: Norm = { tensor: 'norm.weight', width, epsilon };
  const hidden = addAndNormLast(build, x.x, x.added!, last, 'hidden'); // a plan has at least one layer
  graph.output(hidden, 'f32', ['batch', 'positions', width]);
  return graph.build();
}

/** What goes into a layer: `x`, and the last branch, which the next norm adds to it on the way. */
interface Entry {
  readonly x: Value;
  readonly added: Value | undefined;
}

type Norms = readonly [attention: Norm, feedForward: Norm];
type Branch = (h: Value) => Value;

function layerNormingBefore(
  build: Build,
  { x, added }: Entry,
  norms: Norms,
  attend: Branch,
  feed: Branch,
): Entry {
  const entry =
    added === undefined
      ? { sum: x, normed: rmsNorm(build, x, norms[0]) }
      : addAndNorm(build, x, added, norms[0]);
  const middle = addAndNorm(build, entry.sum, attend(entry.normed), norms[1]);
  return { x: middle.sum, added: feed(middle.normed) };
}

function layerNormingAfter(
  build: Build,
  { x, added }: Entry,
  norms: Norms,
  attend: Branch,
  feed: Branch,
): Entry {
  const { graph } = build;
  const entry = added === undefined ? x : graph.op('Add', [x, added]);
  const middle = graph.op('Add', [entry, rmsNorm(build, attend(entry), norms[0])]);
  return { x: middle, added: rmsNorm(build, feed(middle), norms[1]) };
}

function attend(
  build: Build,
  plan: LlamaPlan,
  h: Value,
  index: number,
  inputs: AttentionInputs,
  scales: KvScales | undefined,
): Value {
  const { width, heads, kvHeads, headWidth, bias } = plan;
  const prefix = `layers.${index}.attention`;
  const part = (name: string, outputs: number, biased: boolean) => ({
    tensor: `${prefix}.${name}.weight`,
    outputs,
    bias: biased ? `${prefix}.${name}.bias` : undefined,
  });
  const packed = linear(build, h, `${prefix}.qkv`, width, [
    part('q', heads * headWidth, bias.qkv),
    part('k', kvHeads * headWidth, bias.qkv),
    part('v', kvHeads * headWidth, bias.qkv),
  ]);
  const own = plan.qkLayerNorm === true;
  const norm = (tensor: string): HeadNorm => ({
    tensor: `${prefix}.${tensor}.weight`,
    bias: own ? `${prefix}.${tensor}.bias` : undefined,
    width: headWidth,
    epsilon: own ? layerNormEpsilon : plan.normEpsilon,
  });
  const norms = plan.qkNorm || own ? { query: norm('q_norm'), key: norm('k_norm') } : undefined;
  const out = cachedAttention(build, packed, { shape: plan, inputs, layer: index, norms, scales });
  return linear(build, out, `${prefix}.o`, heads * headWidth, [part('o', width, bias.out)]);
}
