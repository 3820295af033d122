import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AnyToAnyError, openTokenizerBundle } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import type { CompileOptions } from '../../options.ts';
import { openSafetensors } from '../../safetensors/file.ts';
import { type TensorToWrite, writeSafetensors } from '../../safetensors/write.ts';
import { fixtures, temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';

const checkpoint = join(fixtures, 'encodec/causal');
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

const path = (name: string): string => join(temporary.path, name);
let copies = 0;

/** A copy of the checkpoint with its tensors or its config changed. */
async function edited(change: {
  readonly tensors?: (tensor: TensorToWrite) => TensorToWrite[];
  readonly config?: Record<string, unknown>;
}): Promise<string> {
  const copy = path(`copy-${copies++}`);
  await mkdir(copy);
  const config = JSON.parse(await readFile(join(checkpoint, 'config.json'), 'utf8'));
  await writeFile(join(copy, 'config.json'), JSON.stringify({ ...config, ...change.config }));
  if (change.tensors === undefined) {
    await cp(join(checkpoint, 'model.safetensors'), join(copy, 'model.safetensors'));
    return copy;
  }
  const reader = await openSafetensors(join(checkpoint, 'model.safetensors'));
  const tensors: TensorToWrite[] = [];
  for (const { name, dtype, shape } of reader.tensors.values()) {
    tensors.push(...change.tensors({ name, dtype, shape, data: await reader.read(name) }));
  }
  await reader.close();
  await writeSafetensors(join(copy, 'model.safetensors'), tensors);
  return copy;
}

async function failure(from: string, options: CompileOptions = {}): Promise<string> {
  const error = await compile(from, path('never'), options).catch((thrown: unknown) => thrown);
  expect(AnyToAnyError.is(error)).toBe(true);
  expect(await readdir(temporary.path)).not.toContain('never');
  return String(error);
}

describe('a checkpoint becomes a tokenizer', () => {
  test('that streams, with as many codebooks as its lowest bandwidth takes', async () => {
    const manifest = await compile(checkpoint, path('causal'), { name: 'tiny', license: 'MIT' });
    const bundle = await openTokenizerBundle(path('causal')); // checks sizes and hashes
    expect(bundle.manifest).toEqual(manifest);
    expect(manifest).toMatchObject({ kind: 'tokenizer', name: 'tiny', license: 'MIT', modality: 'audio' });
    const { options } = bundle.manifest.tokenizer;
    expect(options).toMatchObject({ kind: 'codec', rate: 6000, stride: 30, size: 16, codebooks: 2 });
    expect(options['encode']).toMatchObject({
      streaming: true,
      graph: 'audio-encode.onnx',
      first: { frames: 7 },
      partial: true,
    });
    expect(options['decode']).toMatchObject({
      streaming: true,
      graph: 'audio-decode.onnx',
      first: { frames: 7 },
    });
    expect(Object.keys(manifest.files)).toContain('audio-encode.onnx.data');
  });

  test.each(['non-causal', 'trimmed'])('that takes everything at once, if %s', async (name) => {
    await compile(join(fixtures, 'encodec', name), path(name));
    const { options } = (await openTokenizerBundle(path(name))).manifest.tokenizer;
    expect(options['encode']).toEqual({ streaming: false, graph: 'audio-encode.onnx', partial: true });
    expect(options['decode']).toEqual({ streaming: false, graph: 'audio-decode.onnx' });
  });

  test('of more codebooks, up to those there are', async () => {
    await compile(checkpoint, path('five'), { codebooks: 5 });
    expect((await openTokenizerBundle(path('five'))).manifest.tokenizer.options['codebooks']).toBe(5);
    expect(await failure(checkpoint, { codebooks: 6 })).toMatch(/OPTION_INVALID.*at most 5 .*not 6/);
    expect(await failure(checkpoint, { codebooks: 0 })).toMatch(/OPTION_INVALID.*codebooks/);
  });

  test('whatever its weight norm is called, and folded', async () => {
    const old = await edited({
      tensors: (tensor) => [
        {
          ...tensor,
          name: tensor.name
            .replace('parametrizations.weight.original0', 'weight_g')
            .replace('parametrizations.weight.original1', 'weight_v'),
        },
      ],
    });
    const manifest = await compile(checkpoint, path('new'), { name: 'same' });
    expect(await compile(old, path('old'), { name: 'same' })).toEqual(manifest);
  });

  test('in half precision, and without what only training needs', async () => {
    const half = await edited({
      tensors: (tensor) => {
        if (/embed_avg|cluster_size|inited/.test(tensor.name)) return [];
        const bits = new Uint32Array(Float32Array.from(tensor.data as Float32Array).buffer); // it was read as float32
        return [{ ...tensor, dtype: 'BF16', data: Uint16Array.from(bits, (each) => each >>> 16) }];
      },
    });
    const manifest = await compile(half, path('half'));
    expect(Object.keys(manifest.files)).toHaveLength(4);
  });
});

describe('what is refused', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['the 48 kHz model', { norm_type: 'time_group_norm' }, /norm_type.*48 kHz.*not supported/],
    ['stereo', { audio_channels: 2 }, /audio_channels.*48 kHz/],
    ['chunks', { chunk_length_s: 1.0 }, /chunk_length_s.*48 kHz/],
    ['normalised loudness', { normalize: true }, /normalize.*48 kHz/],
    ['codes of another width', { codebook_dim: 4 }, /codebook_dim: expected hidden_size \(5\), found 4/],
    ['trimming without causality', { use_causal_conv: false, trim_right_ratio: 0.5 }, /trim_right_ratio/],
    ['no channels inside', { compress: 4 }, /compress: expected at most num_filters \(3\), found 4/],
    ['another padding', { pad_mode: 'circular' }, /pad_mode/],
    ['another model', { model_type: 'dac' }, /model_type.*encodec.*found "dac"/],
  ])('%s', async (_, config, message) => {
    expect(await failure(await edited({ config }))).toMatch(message);
  });

  test.each<[string, (tensor: TensorToWrite) => TensorToWrite[], RegExp]>([
    [
      'a missing tensor',
      (tensor) => (tensor.name === 'encoder.layers.0.conv.bias' ? [] : [tensor]),
      /CHECKPOINT_INVALID.*model.safetensors: tensor "encoder.layers.0.conv.bias" is missing/,
    ],
    [
      'a left over tensor',
      (tensor) =>
        tensor.name.endsWith('layers.0.conv.bias')
          ? [tensor, { ...tensor, name: `${tensor.name}2` }]
          : [tensor],
      /CHECKPOINT_INVALID.*conv.bias2" belongs to nothing/,
    ],
    [
      'a codebook too many',
      (tensor) =>
        tensor.name.endsWith('4.codebook.embed')
          ? [tensor, { ...tensor, name: 'quantizer.layers.5.codebook.embed' }]
          : [tensor],
      /CHECKPOINT_INVALID.*"quantizer.layers.5.codebook.embed" belongs to nothing/,
    ],
    [
      'another shape',
      (tensor) => (tensor.name.endsWith('0.codebook.embed') ? [{ ...tensor, shape: [5, 16] }] : [tensor]),
      /"quantizer.layers.0.codebook.embed": expected \[16, 5\], found \[5, 16\]/,
    ],
    [
      'a direction without its magnitude',
      (tensor) => (tensor.name === 'decoder.layers.0.conv.parametrizations.weight.original0' ? [] : [tensor]),
      /tensor "decoder.layers.0.conv.parametrizations.weight.original0" is missing/,
    ],
    [
      'a magnitude without its direction',
      (tensor) => (tensor.name === 'decoder.layers.0.conv.parametrizations.weight.original1' ? [] : [tensor]),
      /tensor "decoder.layers.0.conv.parametrizations.weight.original1" is missing/,
    ],
    [
      'a magnitude of another shape',
      (tensor) =>
        tensor.name === 'decoder.layers.0.conv.parametrizations.weight.original0'
          ? [{ ...tensor, shape: [1, 24, 1] }]
          : [tensor],
      /original0": expected \[24, 1, 1\], found \[1, 24, 1\]/,
    ],
    [
      'a direction of length 0',
      (tensor) =>
        tensor.name === 'encoder.layers.0.conv.parametrizations.weight.original1'
          ? [{ ...tensor, data: new Float32Array(21) }]
          : [tensor],
      /"encoder.layers.0.conv.weight": expected finite values/,
    ],
  ])('%s', async (_, tensors, message) => {
    expect(await failure(await edited({ tensors }))).toMatch(message);
  });

  test.each<[CompileOptions, RegExp]>([
    [{ quantize: 'int8' }, /OPTION_INVALID.*quantize/],
    [{ kv: 'int8' }, /OPTION_INVALID.*kv/],
    [{ tables: 'f16' }, /OPTION_INVALID.*tables/],
    [{ unconditional: 'pad' }, /OPTION_INVALID.*unconditional/],
  ])('the option %o', async (options, message) => {
    expect(await failure(checkpoint, options)).toMatch(message);
  });
});
