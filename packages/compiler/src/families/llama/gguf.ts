/**
 * A GGUF file of a Llama-shaped model → what the family needs of a checkpoint. The header holds config, tokenizer and
 * chat template. Key names: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */

import type { RopeScaling } from '../../blocks/rope-scaling.ts';
import { yarnAmplitude } from '../../blocks/rope-scaling.ts';
import { type GgufReader, openGguf } from '../../gguf/file.ts';
import type { MetadataValue } from '../../gguf/header.ts';
import type { TensorReader } from '../../safetensors/file.ts';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import { tokensOfGguf } from './gguf-tokens.ts';
import { checkPlan } from './hugging-face.ts';
import type { LayerPart, LlamaPlan, TensorNames } from './plan.ts';
import type { LlamaSource } from './source.ts';

const architectures = ['llama', 'qwen2', 'qwen3'] as const;

export async function openGgufLlama(path: string, context: number | undefined): Promise<LlamaSource> {
  const file = await openGguf(path);
  try {
    const facts = factsOf(file);
    const architecture = facts.text('general.architecture');
    if (!architectures.some((known) => known === architecture)) {
      throw checkpointInvalid(
        path,
        `general.architecture: expected one of ${architectures.join(', ')}, found "${architecture}".`,
      );
    }
    const plan = await planOf(file, facts, architecture, context);
    checkPlan(path, plan);
    const license = facts.optionalText('general.license');
    const name = facts.optionalText('general.name');
    const reader = withoutFrequencies(file);
    return {
      path,
      plan,
      names,
      reader: architecture === 'llama' ? unpermuted(reader, plan) : reader,
      vocabulary: undefined,
      about: { ...(name && { name }), ...(license && { license }) },
      tokens: async () => tokensOfGguf(file),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Metadata by key, checked as it is asked for. */
export interface Facts {
  number(key: string, otherwise?: number): number;
  text(key: string): string;
  optionalText(key: string): string | undefined;
}

export function factsOf({ path, metadata }: Pick<GgufReader, 'path' | 'metadata'>): Facts {
  const wrong = (key: string, expected: string, found: MetadataValue | undefined) =>
    checkpointInvalid(
      path,
      `${key}: expected ${expected}, found ${found === undefined ? 'nothing' : String(found)}.`,
    );
  const optionalText = (key: string): string | undefined => {
    const value = metadata.get(key);
    if (value === undefined || typeof value === 'string') return value;
    throw wrong(key, 'a text', value);
  };
  return {
    optionalText,
    text(key) {
      const value = optionalText(key);
      if (value === undefined) throw wrong(key, 'a text', value);
      return value;
    },
    number(key, otherwise) {
      const value = metadata.get(key) ?? otherwise;
      const number = typeof value === 'bigint' ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isFinite(number)) throw wrong(key, 'a number', value);
      return number;
    },
  };
}

async function planOf(
  file: GgufReader,
  facts: Facts,
  architecture: string,
  context: number | undefined,
): Promise<LlamaPlan> {
  const { tensors, path } = file;
  const of = (key: string, otherwise?: number): number => facts.number(`${architecture}.${key}`, otherwise);
  const count = (key: string, otherwise?: number): number => {
    const value = of(key, otherwise);
    if (Number.isSafeInteger(value) && value > 0) return value;
    throw checkpointInvalid(path, `${architecture}.${key}: expected a whole number from 1, found ${value}.`);
  };
  const width = count('embedding_length');
  const heads = count('attention.head_count');
  const headWidth = count('attention.key_length', width / heads);
  const rotated = count('rope.dimension_count', headWidth);
  if (rotated !== headWidth) {
    throw checkpointInvalid(
      path,
      `rope.dimension_count: expected ${headWidth}, the whole head, found ${rotated}.`,
    );
  }
  const whole = count('context_length');
  return {
    width,
    layers: count('block_count'),
    heads,
    kvHeads: count('attention.head_count_kv', heads),
    headWidth,
    feedForward: count('feed_forward_length'),
    context: Math.min(context ?? whole, whole),
    theta: of('rope.freq_base', 10_000),
    scaling: await scalingOf(file, facts, architecture, whole),
    normEpsilon: of('attention.layer_norm_rms_epsilon'),
    qkNorm: architecture === 'qwen3',
    bias: {
      qkv: tensors.has('blk.0.attn_q.bias'),
      out: tensors.has('blk.0.attn_output.bias'),
      feedForward: tensors.has('blk.0.ffn_gate.bias'),
    },
    vocabulary: tensors.get(names.embedding)?.shape[0] ?? 0,
    tied: !tensors.has(names.head),
  };
}

/** Llama 3 comes with a tensor of factors, the others with metadata. */
async function scalingOf(
  file: GgufReader,
  facts: Facts,
  architecture: string,
  context: number,
): Promise<RopeScaling> {
  if (file.tensors.has(frequencies)) return { kind: 'factors', factors: await file.read(frequencies) };
  const key = `${architecture}.rope.scaling`;
  const kind = facts.optionalText(`${key}.type`) ?? 'none';
  switch (kind) {
    case 'none':
      return { kind: 'default' };
    case 'linear':
      return { kind, factor: facts.number(`${key}.factor`) };
    case 'yarn': {
      const factor = facts.number(`${key}.factor`);
      const amplitude = facts.number(`${key}.attn_factor`, 1) * yarnAmplitude(factor);
      const original = facts.number(`${key}.original_context_length`, context);
      return { kind, factor, betaFast: 32, betaSlow: 1, original, amplitude, truncate: true };
    }
    default:
      throw checkpointInvalid(file.path, `${key}.type: expected none, linear or yarn, found "${kind}".`);
  }
}

const frequencies = 'rope_freqs.weight';

const layerNames: Readonly<Record<LayerPart, string>> = {
  'attention.norm': 'attn_norm',
  'attention.q': 'attn_q',
  'attention.k': 'attn_k',
  'attention.v': 'attn_v',
  'attention.o': 'attn_output',
  'attention.q_norm': 'attn_q_norm',
  'attention.k_norm': 'attn_k_norm',
  'feed_forward.norm': 'ffn_norm',
  'feed_forward.gate': 'ffn_gate',
  'feed_forward.up': 'ffn_up',
  'feed_forward.down': 'ffn_down',
};

const names: TensorNames = {
  embedding: 'token_embd.weight',
  head: 'output.weight',
  norm: 'output_norm.weight',
  layer: (index, part) => `blk.${index}.${layerNames[part]}`,
};

/** The plan has taken in the frequencies already. */
function withoutFrequencies(reader: TensorReader): TensorReader {
  return { ...reader, tensors: new Map([...reader.tensors].filter(([name]) => name !== frequencies)) };
}

/**
 * llama.cpp turns neighbouring channels (0, 1), (2, 3) …, Hugging Face those half a head apart: the files of this
 * architecture hold the rows of queries and keys in another order, which is undone here.
 */
function unpermuted(reader: TensorReader, { headWidth }: LlamaPlan): TensorReader {
  return {
    ...reader,
    async read(name, part) {
      if (!/^blk\.\d+\.attn_[qk]\.(weight|bias)$/.test(name)) return reader.read(name, part);
      const values = await reader.read(name);
      const columns = reader.tensors.get(name)?.shape[1] ?? 1;
      return halvesApart(values, headWidth, columns);
    },
  };
}

/** Rows of each head from the order 0, h, 1, h+1 … to 0, 1 … h, h+1 …, where h is half a head. */
export function halvesApart(values: Float32Array, headWidth: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  const half = headWidth / 2;
  for (let row = 0; row * columns < values.length; row++) {
    const inHead = row % headWidth;
    const to = row - inHead + (inHead % 2) * half + (inHead >> 1);
    result.set(values.subarray(row * columns, (row + 1) * columns), to * columns);
  }
  return result;
}
