import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import { openTensors } from '../../safetensors/open.ts';
import type { TensorToWrite } from '../../safetensors/write.ts';
import { temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import {
  type Change,
  configured,
  edited,
  extra,
  type Json,
  json,
  refusal,
  tensorEnding,
  tensors,
} from '../edited.test.kit.ts';
import { llamaFixtures } from './fixture.test.kit.ts';

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

const broken = (fixture: string, change: Change): Promise<string> =>
  refusal(temporary.path, join(llamaFixtures, fixture), change);

describe('config.json', () => {
  test.each<[string, Json, RegExp]>([
    ['qwen2', { model_type: 'gpt2' }, /model_type: one of llama, mistral, qwen2, qwen3.*found "gpt2"/],
    ['qwen2', { hidden_size: 0 }, /hidden_size/],
    ['qwen2', { vocab_size: undefined }, /vocab_size/],
    ['qwen2', { hidden_act: 'gelu' }, /hidden_act: expected "silu", found "gelu"/],
    ['qwen2', { head_dim: 24 }, /multiple of 16 channels.*found 24/],
    ['qwen2', { num_key_value_heads: 2 }, /multiple of the key heads, found 5 and 2/],
    ['qwen2', { partial_rotary_factor: 0.5 }, /partial_rotary_factor: expected 1, found 0.5/],
    ['qwen2', { quantization_config: { bits: 4 } }, /quantization_config: expected none/],
    [
      'mistral',
      { sliding_window: 32 },
      /sliding_window: expected at least 64, or the option context.*found 32/,
    ],
    [
      'qwen2',
      { rope_parameters: { rope_type: 'longrope' } },
      /expected default, linear, llama3 or yarn, found "longrope"/,
    ],
    [
      'qwen2',
      { rope_parameters: { rope_type: 'yarn' } },
      /type yarn: expected a number as factor, found none/,
    ],
    ['qwen2', { tie_word_embeddings: false }, /tensor "lm_head.weight" is missing/],
    [
      'llama-biases',
      { attention_bias: false },
      /tensor "model.layers.0.self_attn..*bias" belongs to nothing/,
    ],
    ['llama-linear', { attention_bias: true }, /tensor "model.layers.0.self_attn.q_proj.bias" is missing/],
    ['qwen3', { model_type: 'llama' }, /tensor "model.layers.0.self_attn.k_norm.weight" belongs to nothing/],
    ['qwen3', { num_hidden_layers: 3 }, /tensor "model.layers.2..*" is missing/],
    ['qwen3', { vocab_size: 90 }, /expected ids below 90.*found 103|expected \[90, 48\]/],
    ['qwen3', { num_attention_heads: 3 }, /q_proj.weight": expected \[48, 48\], found \[96, 48\]/],
  ])('%s with %o', async (fixture, change, message) => {
    expect(await broken(fixture, configured(change))).toMatch(message);
  });

  test('a sliding window is no matter where the context is shorter', async () => {
    const copy = await edited(temporary.path, 'llama/mistral', configured({ sliding_window: 32 }));
    await compile(copy, `${copy}-out`, { context: 32 });
  });
});

describe('the older way to write the same', () => {
  test('rope_scaling, a prefix, a head beside a tied table, frequencies as a tensor', async () => {
    const copy = await edited(
      temporary.path,
      'llama/llama-linear',
      configured({
        rope_parameters: undefined,
        rope_theta: 10_000,
        rope_scaling: { type: 'linear', factor: 2.5 },
      }),
      tensors(tensorEnding.twice('model.embed_tokens.weight', 'lm_head.weight')),
      extra('model.layers.0.self_attn.rotary_emb.inv_freq'),
      tensors((tensor) => [{ ...tensor, name: `language_model.${tensor.name}` }]),
    );
    await compile(copy, `${copy}-out`);
    await compile(join(llamaFixtures, 'llama-linear'), `${copy}-new`);
    const [old, now] = [`${copy}-out`, `${copy}-new`].map((out) => readFile(join(out, 'decoder.onnx.data')));
    expect(Buffer.compare(await old!, await now!)).toBe(0);
  });
});

describe('tensors', () => {
  const norm = (change: Partial<TensorToWrite>): Change =>
    tensors(tensorEnding.changed('model.norm.weight', change));

  test('of another type', async () => {
    const data = new Int16Array(80);
    expect(await broken('qwen2', norm({ dtype: 'I16', data }))).toMatch(
      /"model.norm.weight": expected F32, F16, BF16 or F64, found I16/,
    );
  });

  test('of another shape', async () => {
    expect(await broken('qwen2', norm({ shape: [2, 40] }))).toMatch(
      /"model.norm.weight": expected \[80\], found \[2, 40\]/,
    );
  });

  test('left over', async () => {
    expect(await broken('qwen2', norm({ name: 'model.vision.norm.weight' }))).toMatch(
      /"model.norm.weight" is missing/,
    );
    expect(await broken('qwen2', extra('model.vision.weight'))).toMatch(
      /"model.vision.weight" belongs to nothing/,
    );
  });
});

describe('files', () => {
  const shard = 'model-00002-of-00002.safetensors';
  const index = 'model.safetensors.index.json';

  test('a shard that is cut off', async () => {
    const cut = async (directory: string) => truncate(join(directory, shard), 3000);
    expect(await broken('llama-3', cut)).toMatch(/tensor ".*" ends at byte \d+, but the file has 3000/);
  });

  test('a header larger than its file', async () => {
    const grow = async (directory: string) => {
      const bytes = await readFile(join(directory, shard));
      bytes.writeBigUInt64LE(2n ** 40n);
      await writeFile(join(directory, shard), bytes);
    };
    expect(await broken('llama-3', grow)).toMatch(/header of at most \d+ bytes, found one of 1099511627776/);
  });

  test.each([
    '../model.safetensors',
    '/etc/passwd',
    '..\\model.safetensors',
    'C:model.safetensors',
    'model.bin',
    '',
  ])('an index that points to %j', async (file) => {
    const point = json(index, (value) => ({ ...value, weight_map: { 'model.norm.weight': file } }));
    expect(await broken('llama-3', point)).toMatch(
      /"model.norm.weight": expected the name of a .safetensors file/,
    );
  });

  test('two tensors in the same place', async () => {
    const overlap = async (directory: string) => {
      const path = join(directory, 'model.safetensors');
      const bytes = await readFile(path);
      const length = Number(bytes.readBigUInt64LE());
      const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<
        string,
        { data_offsets?: number[] }
      >; // a header
      const [first, second] = Object.keys(header).filter((name) => name.includes('layernorm'));
      header[first!]!.data_offsets = header[second!]!.data_offsets!;
      const json = Buffer.from(JSON.stringify(header).padEnd(length));
      await writeFile(path, Buffer.concat([bytes.subarray(0, 8), json, bytes.subarray(8 + length)]));
    };
    expect(await broken('qwen2', overlap)).toMatch(/tensor ".*" (overlaps|leaves a hole after)/);
  });

  test('no weights, no tokenizer, or one that is not JSON', async () => {
    const without = (file: string) => (directory: string) => rm(join(directory, file));
    expect(await broken('qwen2', without('model.safetensors'))).toMatch(
      /model.safetensors: cannot be opened/,
    );
    expect(await broken('qwen2', without('tokenizer.json'))).toMatch(/tokenizer.json: cannot be read/);
    const text = async (directory: string) => writeFile(join(directory, 'tokenizer.json'), '{');
    expect(await broken('qwen2', text)).toMatch(/tokenizer.json: expected JSON/);
    const list = json('tokenizer.json', (value) => ({ ...value, added_tokens: [{ id: -1, content: 'x' }] }));
    expect(await broken('qwen2', list)).toMatch(/tokenizer.json: added_tokens.0.id/);
  });

  test('a token that the table has no row for', async () => {
    const more = json('tokenizer.json', (value) => ({
      ...value,
      added_tokens: [{ id: 400, content: '<x>', special: true }],
    }));
    expect(await broken('qwen2', more)).toMatch(/mark <x>: expected ids below 104.*found 400/);
  });
});

test('all shards of a checkpoint are read', async () => {
  const reader = await openTensors(join(llamaFixtures, 'llama-3'), 'model');
  expect(reader.tensors.size).toBe(11);
  await reader.close();
});
