/**
 * The graph of Llama 3.2 Vision's text decoder. A picture's states are positions of the sequence like any other, which
 * pass every layer unchanged: self attention does not see them, cross attention sees nothing else. Only positions of
 * text are computed; `sequence.ts` knows which they are.
 */
import { attendCached, type KvScales } from '../../blocks/attention.ts';
import type { Build, Weights } from '../../blocks/build.ts';
import { swiglu } from '../../blocks/feed-forward.ts';
import { linear } from '../../blocks/linear.ts';
import { headNorm, type Norm, rmsNorm } from '../../blocks/norm.ts';
import { scaleRope } from '../../blocks/rope-scaling.ts';
import { rotaryTables } from '../../blocks/rotary.ts';
import { GraphBuilder, type Value } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import type { Quantization } from '../../quantize/block.ts';
import type { MllamaText } from './config.ts';
import { readSequence, type Sequence, type SequenceInputs } from './sequence.ts';
import { tanhOf } from './vision-layer.ts';

export interface MllamaOptions {
  /** Absent: linears stay float32. */
  readonly quantization?: Quantization | undefined;
  /** One entry per layer, and one for what the cache knows of the sequence, for an int8 cache; absent: float32. */
  readonly kvScales?: readonly KvScales[] | undefined;
}

interface Decoder {
  readonly build: Build;
  readonly plan: MllamaText;
  readonly inputs: SequenceInputs;
  readonly sequence: Sequence;
  readonly rotary: { readonly cosines: Value; readonly sines: Value };
  readonly kvScales: readonly KvScales[] | undefined;
  /** `[1, m, width]`: the positions of this step that are pictures. */
  readonly pictures: Value;
  /** i64 `[2]`: rows and positions of this step. */
  readonly size: Value;
  /** By channels, see `emptyOf`. */
  readonly empty: Map<number, { readonly flat: Value; readonly dims: Value }>;
}

export function buildMllama(
  plan: MllamaText,
  weights: Weights,
  { quantization, kvScales }: MllamaOptions = {},
): Model {
  const { width, context, theta, headWidth, scaling } = plan;
  const graph = new GraphBuilder('decoder');
  const build: Build = { graph, weights, quantization };
  const embeds = graph.input('embeds', 'f32', ['batch', 'positions', width]);
  const inputs: SequenceInputs = {
    positions: graph.input('positions', 'i64', ['batch', 'positions']),
    last: graph.input('last', 'i32', ['batch']),
    capacity: graph.input('capacity', 'i32', []),
    modality: graph.input('modality', 'i32', ['batch', 'positions']),
  };
  const sequence = readSequence(build, plan, inputs, kvScales?.[plan.layers]);
  const all = graph.op('Reshape', [embeds, graph.integers([1, -1, width])]);
  const decoder: Decoder = {
    build,
    plan,
    inputs,
    sequence,
    kvScales,
    rotary: rotaryTables(graph, { ...scaleRope(theta, headWidth, scaling), context }),
    pictures: graph.op('Gather', [all, sequence.picture], { axis: 1 }),
    size: graph.op('Shape', [inputs.positions]),
    empty: new Map(),
  };
  let x = graph.op('Gather', [all, sequence.text], { axis: 1 });
  for (let index = 0; index < plan.layers; index++) {
    x = plan.cross.includes(index) ? crossLayer(decoder, x, index) : selfLayer(decoder, x, index);
  }
  const normed = rmsNorm(build, x, { tensor: 'norm.weight', width, epsilon: plan.normEpsilon });
  const hidden = spread(decoder, normed, sequence.text, width, 'hidden');
  graph.output(hidden, 'f32', ['batch', 'positions', width]);
  return graph.build();
}

function selfLayer(decoder: Decoder, x: Value, index: number): Value {
  const { build, plan, inputs, sequence, rotary } = decoder;
  const { width, heads, kvHeads, headWidth } = plan;
  const prefix = `layers.${index}.attention`;
  const part = (name: string, outputs: number) => ({ tensor: `${prefix}.${name}.weight`, outputs });
  const sizes = { q: heads * headWidth, k: kvHeads * headWidth };
  const qkv = [part('q', sizes.q), part('k', sizes.k), part('v', sizes.k)];
  const packed = linear(build, rmsNorm(build, x, normOf(plan, prefix)), `${prefix}.qkv`, width, qkv);
  const { result } = attendCached(build, [spread(decoder, packed, sequence.text, sizes.q + 2 * sizes.k)], {
    shape: plan,
    layer: index,
    scales: decoder.kvScales?.[index],
    inputs: { ...inputs, ...rotary, positions: sequence.order, bias: sequence.hidePictures },
  });
  const attended = linear(build, gather(decoder, result, sizes.q), `${prefix}.o`, sizes.q, [
    part('o', width),
  ]);
  const middle = build.graph.op('Add', [x, attended]);
  return build.graph.op('Add', [middle, feedForward(decoder, middle, index)]);
}

/** Both branches are 0 where no picture is seen: the position passes unchanged. */
function crossLayer(decoder: Decoder, x: Value, index: number): Value {
  const { build, plan, inputs, sequence, pictures } = decoder;
  const { graph } = build;
  const { width, heads, kvHeads, headWidth, normEpsilon: epsilon } = plan;
  const prefix = `layers.${index}.cross`;
  const part = (name: string, outputs: number) => ({ tensor: `${prefix}.${name}.weight`, outputs });
  const sizes = { q: heads * headWidth, k: kvHeads * headWidth };
  const norm = (name: string): Norm => ({ tensor: `${prefix}.${name}.weight`, width: headWidth, epsilon });
  const entry = rmsNorm(build, x, normOf(plan, `layers.${index}.attention`));
  const query = headNorm(
    build,
    linear(build, entry, `${prefix}.q`, width, [part('q', sizes.q)]),
    heads,
    norm('q_norm'),
  );
  const both = linear(build, pictures, `${prefix}.kv`, width, [part('k', sizes.k), part('v', sizes.k)]);
  const two = [undefined, undefined] as const;
  const [key, value] = graph.ops('Split', [both, graph.integers([sizes.k, sizes.k])], { axis: -1 }, two);
  const { result } = attendCached(
    build,
    [
      spread(decoder, query, sequence.text, sizes.q),
      spread(decoder, headNorm(build, key, kvHeads, norm('k_norm')), sequence.picture, sizes.k),
      spread(decoder, value, sequence.picture, sizes.k),
    ],
    {
      shape: plan,
      layer: index,
      scales: decoder.kvScales?.[index],
      inputs: { last: inputs.last, capacity: inputs.capacity, bias: sequence.showPictures },
    },
  );
  const attended = linear(build, gather(decoder, result, sizes.q), `${prefix}.o`, sizes.q, [
    part('o', width),
  ]);
  const open = (branch: Value, gate: string): Value =>
    graph.op('Mul', [branch, graph.op('Mul', [sequence.sees, tanhOf(build, `layers.${index}.${gate}`)])]);
  const middle = graph.op('Add', [x, open(attended, 'cross_gate')]);
  return graph.op('Add', [middle, open(feedForward(decoder, middle, index), 'feed_forward_gate')]);
}

function feedForward({ build, plan }: Decoder, x: Value, index: number): Value {
  const prefix = `layers.${index}.feed_forward`;
  const normed = rmsNorm(build, x, normOf(plan, prefix));
  return swiglu(build, normed, { prefix, width: plan.width, hidden: plan.feedForward });
}

function normOf({ width, normEpsilon: epsilon }: MllamaText, prefix: string): Norm {
  return { tensor: `${prefix}.norm.weight`, width, epsilon };
}

/** `x [1, n, channels]` at the positions `rows`, zeros at the others: `[batch, positions, channels]`. */
function spread(decoder: Decoder, x: Value, rows: Value, channels: number, output?: string): Value {
  const { graph } = decoder.build;
  const { flat, dims } = emptyOf(decoder, channels);
  const places = graph.op('Unsqueeze', [rows, graph.integers([1])]);
  const placed = graph.op('ScatterND', [flat, places, graph.op('Squeeze', [x, graph.integers([0])])]);
  return graph.op('Reshape', [placed, dims], {}, output);
}

/** Zeros `[batch * positions, channels]`, made once for all layers, and the shape `[batch, positions, channels]`. */
function emptyOf(
  { build, size, empty }: Decoder,
  channels: number,
): { readonly flat: Value; readonly dims: Value } {
  const { graph } = build;
  const known = empty.get(channels);
  if (known !== undefined) return known;
  const last = graph.integers([channels]);
  const count = graph.op('ReduceProd', [size], { keepdims: 1 });
  const shape = graph.op('Concat', [count, last], { axis: 0 });
  const made = {
    flat: graph.op('Expand', [graph.floats('zero', [], [0]), shape]),
    dims: graph.op('Concat', [size, last], { axis: 0 }),
  };
  empty.set(channels, made);
  return made;
}

/** The positions of text of `x [batch, positions, channels]`: `[1, n, channels]`. */
function gather({ build, sequence }: Decoder, x: Value, channels: number): Value {
  const flat = build.graph.op('Reshape', [x, build.graph.integers([1, -1, channels])]);
  return build.graph.op('Gather', [flat, sequence.text], { axis: 1 });
}
