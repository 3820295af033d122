import { join } from 'node:path';
import { openTokenizerBundle } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import type { CompileOptions } from '../../options.ts';
import { fixtures, temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import {
  type Change,
  configured,
  edited,
  failure,
  type Json,
  refusal,
  type TensorChange,
  tensorEnding,
  tensors,
} from '../edited.test.kit.ts';

const checkpoint = join(fixtures, 'encodec/causal');
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

const path = (name: string): string => join(temporary.path, name);
const broken = (change: Change): Promise<string> => refusal(temporary.path, checkpoint, change);

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
    expect(await failure(checkpoint, { codebooks: 6 }, path('never'))).toMatch(
      /OPTION_INVALID.*at most 5 .*not 6/,
    );
    expect(await failure(checkpoint, { codebooks: 0 }, path('never'))).toMatch(/OPTION_INVALID.*codebooks/);
  });

  test('whatever its weight norm is called, and folded', async () => {
    const older = (name: string): string =>
      name
        .replace('parametrizations.weight.original0', 'weight_g')
        .replace('parametrizations.weight.original1', 'weight_v');
    const renamed = tensors((tensor) => [{ ...tensor, name: older(tensor.name) }]);
    const old = await edited(temporary.path, checkpoint, renamed);
    const manifest = await compile(checkpoint, path('new'), { name: 'same' });
    expect(await compile(old, path('old'), { name: 'same' })).toEqual(manifest);
  });

  test('in half precision, and without what only training needs', async () => {
    const halved = tensors((tensor) => {
      if (/embed_avg|cluster_size|inited/.test(tensor.name)) return [];
      const { buffer, byteOffset, byteLength } = tensor.data;
      const halves = new Uint16Array(buffer.slice(byteOffset, byteOffset + byteLength));
      // Of each float32 the upper half.
      return [{ ...tensor, dtype: 'BF16', data: halves.filter((_, i) => i % 2 === 1) }];
    });
    const manifest = await compile(await edited(temporary.path, checkpoint, halved), path('half'));
    expect(Object.keys(manifest.files)).toHaveLength(4);
  });
});

describe('what is refused', () => {
  const norm = 'decoder.layers.0.conv.parametrizations.weight';

  test.each<[string, Json, RegExp]>([
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
    expect(await broken(configured(config))).toMatch(message);
  });

  test.each<[string, TensorChange, RegExp]>([
    [
      'a missing tensor',
      tensorEnding.missing('encoder.layers.0.conv.bias'),
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
      tensorEnding.twice('4.codebook.embed', 'quantizer.layers.5.codebook.embed'),
      /CHECKPOINT_INVALID.*"quantizer.layers.5.codebook.embed" belongs to nothing/,
    ],
    [
      'another shape',
      tensorEnding.changed('0.codebook.embed', { shape: [5, 16] }),
      /"quantizer.layers.0.codebook.embed": expected \[16, 5\], found \[5, 16\]/,
    ],
    [
      'a direction without its magnitude',
      tensorEnding.missing(`${norm}.original0`),
      /tensor "decoder.layers.0.conv.parametrizations.weight.original0" is missing/,
    ],
    [
      'a magnitude without its direction',
      tensorEnding.missing(`${norm}.original1`),
      /tensor "decoder.layers.0.conv.parametrizations.weight.original1" is missing/,
    ],
    [
      'a magnitude of another shape',
      tensorEnding.changed(`${norm}.original0`, { shape: [1, 24, 1] }),
      /original0": expected \[24, 1, 1\], found \[1, 24, 1\]/,
    ],
    [
      'a direction of length 0',
      tensorEnding.changed('encoder.layers.0.conv.parametrizations.weight.original1', {
        data: new Float32Array(21),
      }),
      /"encoder.layers.0.conv.weight": expected finite values/,
    ],
  ])('%s', async (_, change, message) => {
    expect(await broken(tensors(change))).toMatch(message);
  });

  test.each<[CompileOptions, RegExp]>([
    [{ quantize: 'int8' }, /OPTION_INVALID.*quantize/],
    [{ kv: 'int8' }, /OPTION_INVALID.*kv/],
    [{ tables: 'f16' }, /OPTION_INVALID.*tables/],
    [{ unconditional: 'pad' }, /OPTION_INVALID.*unconditional/],
  ])('the option %o', async (options, message) => {
    expect(await failure(checkpoint, options, path('never'))).toMatch(message);
  });
});
