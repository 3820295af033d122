/**
 * Writes the measured checkpoint as a model directory of transformers.js: the same blocks and the same quantised
 * weights in the form it expects, ids in, logits out, keys and values as inputs and outputs that grow by a row.
 * It makes its first, empty, keys by the names of the dimensions, so those have to be the ones it knows.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  addAndNorm,
  addAndNormLast,
  type Build,
  GraphBuilder,
  linear,
  type Model,
  modelBytes,
  type Norm,
  openTensors,
  type Quantization,
  rmsNorm,
  rotaryTables,
  swiglu,
  type Value,
  type Weights,
  weight,
} from '@any-to-any/compiler';
import { shape } from './shape.ts';

/** What a rival's decoder is; tensors go by the names of \`checkpoint.ts\`. */
export interface RivalPlan {
  readonly shape: RivalShape;
  readonly weights: Weights;
  readonly quantization: Quantization | undefined;
  /** \`hidden\` → \`logits\`, of that name. */
  head(build: Build, hidden: Value): Value;
}

export interface RivalShape {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headWidth: number;
  readonly feedForward: number;
  readonly context: number;
  /** Ids that are read, and drawn. */
  readonly vocabulary: number;
  readonly ropeTheta: number;
  readonly normEpsilon: number;
}

/** `checkpoint`: what `checkpoint.ts` wrote; `quantize`: as the option of `compile`, blocks of 32. */
export async function writeRivalModel(
  checkpoint: string,
  directory: string,
  quantize: 'none' | 'int8' | 'int4',
): Promise<void> {
  const quantization: Quantization | undefined =
    quantize === 'none' ? undefined : { bits: quantize === 'int8' ? 8 : 4, block: 32 };
  const reader = await openTensors(checkpoint, 'decoder');
  // The head's last row scores the closing mark, which has no embedding: the rival generates text ids only.
  const weights: Weights = (name, dims) => async () =>
    (await reader.read(name)).subarray(
      0,
      dims.reduce((product, side) => product * side, 1),
    );
  const { width, vocabulary } = shape;
  const parts = [{ tensor: 'ports.text.head.weight', outputs: vocabulary }];
  await saveRivalModel(directory, {
    shape,
    weights,
    quantization,
    head: (build, hidden) => linear(build, hidden, 'head', width, parts, 'logits'),
  });
  await reader.close();
}

export async function saveRivalModel(directory: string, plan: RivalPlan): Promise<void> {
  await mkdir(join(directory, 'onnx'), { recursive: true });
  await writeFile(join(directory, 'onnx', 'model.onnx'), await modelBytes(buildModel(plan)));
  await writeFile(join(directory, 'config.json'), JSON.stringify(configOf(plan.shape)));
  await writeFile(join(directory, 'generation_config.json'), '{}');
}

function configOf(of: RivalShape): Record<string, unknown> {
  return {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    hidden_size: of.width,
    intermediate_size: of.feedForward,
    num_hidden_layers: of.layers,
    num_attention_heads: of.heads,
    num_key_value_heads: of.kvHeads,
    head_dim: of.headWidth,
    max_position_embeddings: of.context,
    vocab_size: of.vocabulary,
  };
}

function buildModel({ shape: of, weights, quantization, head }: RivalPlan): Model {
  const graph = new GraphBuilder('rival');
  const build: Build = { graph, weights, quantization };
  const { width, layers, vocabulary } = of;
  const ids = graph.input('input_ids', 'i64', ['batch_size', 'sequence_length']);
  const shared = { ...lengths(graph), ...rotaryTables(graph, { ...of, theta: of.ropeTheta }) };
  const norm = (tensor: string): Norm => ({ tensor, width, epsilon: of.normEpsilon });
  let x = graph.op('Gather', [weight(build, 'ports.text.embedding', [vocabulary, width]), ids]);
  let added: Value | undefined;
  for (let index = 0; index < layers; index++) {
    const layer = `layers.${index}`;
    const before = norm(`${layer}.attention.norm.weight`);
    const entry =
      added === undefined
        ? { sum: x, normed: rmsNorm(build, x, before) }
        : addAndNorm(build, x, added, before);
    const attended = attention(build, entry.normed, index, shared, of);
    const middle = addAndNorm(build, entry.sum, attended, norm(`${layer}.feed_forward.norm.weight`));
    x = middle.sum;
    added = swiglu(build, middle.normed, {
      prefix: `${layer}.feed_forward`,
      width,
      hidden: of.feedForward,
    });
  }
  const hidden = addAndNormLast(build, x, added!, norm('norm.weight'), 'hidden'); // the shape has layers
  graph.output(head(build, hidden), 'f32', ['batch_size', 'sequence_length', vocabulary]);
  return graph.build();
}

interface Shared {
  readonly last: Value;
  readonly total: Value;
  readonly cosines: Value;
  readonly sines: Value;
}

/** What the attention operator wants to know, from the mask `[batch, past + positions]` of ones. */
function lengths(graph: GraphBuilder): Pick<Shared, 'last' | 'total'> {
  const mask = graph.input('attention_mask', 'i64', ['batch_size', 'total_sequence_length']);
  const i32 = { to: 6 };
  const one = graph.integers([1]);
  const count = graph.op('ReduceSum', [mask, one], { keepdims: 0 });
  const last = graph.op('Cast', [graph.op('Sub', [count, one])], i32);
  const total = graph.op('Squeeze', [graph.op('Shape', [mask], { start: 1, end: 2 })]);
  return { last, total: graph.op('Cast', [total], i32) };
}

function attention(
  build: Build,
  h: Value,
  index: number,
  { last, total, cosines, sines }: Shared,
  { width, heads, kvHeads, headWidth }: RivalShape,
): Value {
  const { graph } = build;
  const prefix = `layers.${index}.attention`;
  const packed = linear(build, h, `${prefix}.qkv`, width, [
    { tensor: `${prefix}.q.weight`, outputs: heads * headWidth },
    { tensor: `${prefix}.k.weight`, outputs: kvHeads * headWidth },
    { tensor: `${prefix}.v.weight`, outputs: kvHeads * headWidth },
  ]);
  const past = ['key', 'value'].map((part) =>
    graph.input(`past_key_values.${index}.${part}`, 'f32', [
      'batch_size',
      kvHeads,
      'past_sequence_length',
      headWidth,
    ]),
  );
  const [attended, ...present] = graph.ops(
    'GroupQueryAttention',
    [packed, undefined, undefined, ...past, last, total, cosines, sines],
    { num_heads: heads, kv_num_heads: kvHeads, do_rotary: 1 },
    [undefined, `present.${index}.key`, `present.${index}.value`] as const,
  );
  for (const value of present)
    graph.output(value, 'f32', ['batch_size', kvHeads, 'total_sequence_length', headWidth]);
  return linear(build, attended, `${prefix}.o`, heads * headWidth, [
    { tensor: `${prefix}.o.weight`, outputs: width },
  ]);
}
