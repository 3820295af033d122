/**
 * `node bench/dist/janus-checkpoint.js DIRECTORY`: a checkpoint of the shape of Janus-Pro-1B with random weights, about
 * 4.2 GB in shards of bfloat16, as transformers saves it. Streamed: little of it is ever in memory. Its vocabulary is
 * made up, with the published ids of the special tokens.
 */
import { type FileHandle, mkdir, open, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { janusShape, janusTensors, type TensorShape } from './janus-shape.ts';

const shardBytes = 1 << 30;
/** Different weights of one scale; tensors are made of stretches of them. */
const poolSize = 1 << 20;
const stretch = 1 << 16;

export async function writeJanusCheckpoint(directory: string, tell: (text: string) => void): Promise<void> {
  await mkdir(directory, { recursive: true });
  const shards = inShards([...janusTensors()]);
  const weightMap: Record<string, string> = {};
  for (const [index, tensors] of shards.entries()) {
    const file = `model-${number(index + 1)}-of-${number(shards.length)}.safetensors`;
    tell(`writing ${file}`);
    for (const { name } of tensors) weightMap[name] = file;
    await writeShard(join(directory, file), tensors, index);
  }
  const json = (name: string, value: unknown): Promise<void> =>
    writeFile(join(directory, name), JSON.stringify(value));
  await json('model.safetensors.index.json', { weight_map: weightMap });
  await json('config.json', config);
  await json('generation_config.json', { temperature: 1, guidance_scale: 5 });
  await json('tokenizer_config.json', {
    add_bos_token: true,
    bos_token: special.get(100_000),
    eos_token: special.get(100_001),
    pad_token: special.get(100_002),
  });
  await json('tokenizer.json', tokenizer());
}

const number = (value: number): string => String(value).padStart(5, '0');

const { vision, vq } = janusShape;
const config = {
  model_type: 'janus',
  image_token_id: 100_581,
  text_config: {
    model_type: 'llama',
    vocab_size: janusShape.vocabulary,
    hidden_size: janusShape.width,
    intermediate_size: janusShape.feedForward,
    num_hidden_layers: janusShape.layers,
    num_attention_heads: janusShape.heads,
    num_key_value_heads: janusShape.heads,
    max_position_embeddings: janusShape.context,
    rope_theta: janusShape.theta,
    rms_norm_eps: janusShape.normEpsilon,
    bos_token_id: 100_000,
    eos_token_id: 100_001,
    pad_token_id: 100_002,
    tie_word_embeddings: false,
  },
  vision_config: {
    hidden_size: vision.width,
    num_hidden_layers: vision.layers,
    num_attention_heads: 16,
    image_size: 384,
    patch_size: vision.patch,
    num_image_tokens: vision.patches,
    projection_dim: janusShape.width,
  },
  vq_config: {
    num_embeddings: vq.codes,
    embed_dim: vq.codeWidth,
    latent_channels: vq.latent,
    base_channels: vq.base,
    channel_multiplier: vq.multipliers,
    num_res_blocks: vq.blocks,
    projection_dim: janusShape.width,
    image_token_embed_dim: janusShape.width,
  },
};

/** The special tokens that Janus-Pro-1B's prompts are made of; the ids between them are placeholders. */
const special = new Map<number, string>(
  Array.from({ length: 596 }, (_, at) => [100_000 + at, `<｜place▁holder▁no▁${at}｜>`] as const),
)
  .set(100_000, '<｜begin▁of▁sentence｜>')
  .set(100_001, '<｜end▁of▁sentence｜>')
  .set(100_002, '<｜▁pad▁｜>')
  .set(100_016, '<begin_of_image>')
  .set(100_581, '<image_placeholder>')
  .set(100_593, '<end_of_image>')
  .set(100_594, '<|User|>')
  .set(100_595, '<|Assistant|>');

/** Byte-level BPE of as many merges as the original: every byte, every pair of bytes, some of pairs and a byte. */
function tokenizer(): unknown {
  const bytes = byteAlphabet();
  const merges: [string, string][] = [];
  const room = 100_000 - bytes.length;
  for (const first of bytes) for (const second of bytes) merges.push([first, second]);
  for (const [first, second] of merges.slice(0, room - merges.length))
    merges.push([first + second, bytes[0]!]);
  const tokens = [...bytes, ...merges.map((pair) => pair.join(''))];
  return {
    version: '1.0',
    added_tokens: [...special].map(([id, content]) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Digits', individual_digits: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** The characters that stand for bytes 0 … 255 in byte-level BPE. */
function byteAlphabet(): string[] {
  const visible = (byte: number): boolean =>
    byte > 32 && byte < 256 && (byte < 127 || byte > 160) && byte !== 173;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(visible(byte) ? byte : next++));
}

function inShards(tensors: readonly TensorShape[]): TensorShape[][] {
  const shards: TensorShape[][] = [[]];
  let bytes = 0;
  for (const tensor of tensors) {
    const size = 2 * elements(tensor);
    if (bytes > 0 && bytes + size > shardBytes) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)!.push(tensor);
    bytes += size;
  }
  return shards;
}

async function writeShard(path: string, tensors: readonly TensorShape[], seed: number): Promise<void> {
  const file = await open(path, 'w');
  let at = 0;
  const entries = tensors.map((tensor) => {
    const begin = at;
    at += 2 * elements(tensor);
    return [tensor.name, { dtype: 'BF16', shape: tensor.shape, data_offsets: [begin, at] }] as const;
  });
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const length = new BigUint64Array([BigInt(header.length)]);
  await file.writev([length, header]);
  const random = xorshift(seed + 1);
  for (const tensor of tensors) await writeTensor(file, tensor, random);
  await file.close();
}

async function writeTensor(file: FileHandle, tensor: TensorShape, random: () => number): Promise<void> {
  const pool = poolOf(tensor);
  for (let left = elements(tensor); left > 0; left -= stretch) {
    const from = Math.floor(random() * (poolSize - stretch));
    await file.write(pool.subarray(from, from + Math.min(left, stretch)));
  }
}

const pools = new Map<string, Uint16Array>();

/** Norms are about 1, biases small, weights such that what goes through them keeps its size. */
function poolOf({ name, shape }: TensorShape): Uint16Array {
  const inputs = shape.slice(1).reduce((product, side) => product * side, 1);
  const norm = shape.length === 1 && name.endsWith('.weight');
  const scale = shape.length === 1 ? 0.02 : name.includes('embed') ? 1 : 1 / Math.sqrt(inputs);
  const key = `${norm}-${scale}`;
  let pool = pools.get(key);
  if (pool === undefined) {
    const random = xorshift(pools.size + 77);
    const values = Float32Array.from(
      { length: poolSize },
      () => Number(norm) + (random() + random() + random() + random() - 2) * 1.732 * scale,
    );
    pool = new Uint16Array(new Uint32Array(values.buffer).map((bits) => bits >>> 16));
    pools.set(key, pool);
  }
  return pool;
}

function elements({ shape }: TensorShape): number {
  return shape.reduce((product, side) => product * side, 1);
}

function xorshift(seed: number): () => number {
  let state = Math.imul(seed, 2654435761) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x100000000;
  };
}

const [directory] = process.argv.slice(2);
if (import.meta.filename === process.argv[1]) {
  if (directory === undefined) throw new TypeError('Usage: node bench/dist/janus-checkpoint.js DIRECTORY');
  await writeJanusCheckpoint(resolve(directory), (text) => console.error(text));
}
