/**
 * The graph of a Llama-shaped decoder, with the inputs and outputs that the engine of `core` expects:
 * `embeds`, `positions`, `last`, `capacity`, `past_*` → `hidden`, `present_*`. Tables and heads are files of their own.
 */
import { type AttentionInputs, cachedAttention, type KvScales } from '../../blocks/attention.ts';
import type { Build, Weights } from '../../blocks/build.ts';
import { swiglu } from '../../blocks/feed-forward.ts';
import { linear } from '../../blocks/linear.ts';
import { addAndNorm, addAndNormLast, type Norm, rmsNorm } from '../../blocks/norm.ts';
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
  let x = embeds;
  /** The last branch, which the next norm adds to `x` on the way. */
  let added: Value | undefined;
  for (let index = 0; index < plan.layers; index++) {
    const name = (part: LayerPart): string => `layers.${index}.${part}`;
    const norm = (part: LayerPart): Norm => ({ tensor: `${name(part)}.weight`, width, epsilon });
    const before = norm('attention.norm');
    const entry =
      added === undefined
        ? { sum: x, normed: rmsNorm(build, x, before) }
        : addAndNorm(build, x, added, before);
    const attended = attend(build, plan, entry.normed, index, inputs, options.kvScales?.[index]);
    const middle = addAndNorm(build, entry.sum, attended, norm('feed_forward.norm'));
    x = middle.sum;
    added = swiglu(build, middle.normed, {
      prefix: `layers.${index}.feed_forward`,
      width,
      hidden: plan.feedForward,
      bias: plan.bias.feedForward,
    });
  }
  const last: Norm = { tensor: 'norm.weight', width, epsilon };
  const hidden = addAndNormLast(build, x, added!, last, 'hidden'); // a plan has at least one layer
  graph.output(hidden, 'f32', ['batch', 'positions', width]);
  return graph.build();
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
  const norm = (tensor: string): Norm => ({
    tensor: `${prefix}.${tensor}.weight`,
    width: headWidth,
    epsilon: plan.normEpsilon,
  });
  const norms = plan.qkNorm ? { query: norm('q_norm'), key: norm('k_norm') } : undefined;
  const out = cachedAttention(build, packed, { shape: plan, inputs, layer: index, norms, scales });
  return linear(build, out, `${prefix}.o`, heads * headWidth, [part('o', width, bias.out)]);
}
