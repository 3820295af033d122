import { join } from 'node:path';
import { openTokenizerBundle } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
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
import { parseConfig } from './config.ts';

const checkpoint = join(fixtures, 'mimi/grouped');
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

const path = (name: string): string => join(temporary.path, name);
const broken = (change: Change): Promise<string> => refusal(temporary.path, checkpoint, change);

describe('a checkpoint becomes a tokenizer', () => {
  test('that streams from the first frame on, with all its codebooks', async () => {
    await compile(checkpoint, path('all'));
    const { manifest } = await openTokenizerBundle(path('all'));
    const { options } = manifest.tokenizer;
    expect(options).toMatchObject({ kind: 'codec', rate: 6000, stride: 24, size: 16, codebooks: 4 });
    expect(options['encode']).toMatchObject({ streaming: true, graph: 'audio-encode.onnx', partial: true });
    expect(options['encode']).not.toHaveProperty('first');
    expect(options['decode']).not.toHaveProperty('first');
  });

  test('of its semantic codebooks alone, and never of fewer', async () => {
    await compile(checkpoint, path('one'), { codebooks: 1 });
    const { options } = (await openTokenizerBundle(path('one'))).manifest.tokenizer;
    expect(options['codebooks']).toBe(1);
    const two = join(fixtures, 'mimi/unprojected');
    expect(await failure(two, { codebooks: 1 }, path('never'))).toMatch(
      /OPTION_INVALID.*at least 2 and at most 5/,
    );
    expect(await failure(checkpoint, { codebooks: 5 }, path('never'))).toMatch(
      /OPTION_INVALID.*at least 1 and at most 4/,
    );
  });

  test('whose frame rate an older config says itself', async () => {
    const rate = configured({ frame_rate: 250, rope_theta: 10_000, rope_parameters: undefined });
    const older = await edited(temporary.path, checkpoint, rate);
    const manifest = await compile(checkpoint, path('newer'), { name: 'same' });
    expect(await compile(older, path('older'), { name: 'same' })).toEqual(manifest);
  });

  test('as the published one describes itself: 12.5 frames a second of 32 codebooks', () => {
    const config = parseConfig('config.json', { model_type: 'mimi', frame_rate: 12.5 });
    expect(config).toMatchObject({ rate: 24_000, stride: 1920, positions: 2, codes: 2048, semantic: 1 });
    expect(config.codebooks).toEqual({ all: 32, fewest: 1, usual: 32 });
    expect(config.transformer).toMatchObject({ layers: 8, headWidth: 64, window: 250, theta: 10_000 });
  });
});

describe('what is refused', () => {
  test.each<[string, Json, RegExp]>([
    ['no causality', { use_causal_conv: false }, /use_causal_conv/],
    ['another activation', { hidden_act: 'relu' }, /hidden_act/],
    ['biased attention', { attention_bias: true }, /attention_bias/],
    [
      'scaled positions',
      { rope_parameters: { rope_type: 'yarn', rope_theta: 1 } },
      /rope_parameters.rope_type/,
    ],
    ['heads that do not share', { num_key_value_heads: 3 }, /num_key_value_heads: expected a divisor/],
    ['frames at the rate of the transformers', { frame_rate: 500 }, /frame_rate: expected at most half/],
    [
      'groups that do not divide',
      { upsample_groups: 5 },
      /upsample_groups: expected a divisor.*\(12\), found 5/,
    ],
    ['no acoustic codebooks', { num_semantic_quantizers: 4 }, /num_semantic_quantizers: expected fewer/],
    ['codes of another width', { codebook_dim: 6 }, /codebook_dim: expected .*\(5\), found 6/],
    ['stereo', { audio_channels: 2 }, /audio_channels/],
  ])('%s', async (_, config, message) => {
    expect(await broken(configured(config))).toMatch(message);
  });

  test.each<[string, TensorChange, RegExp]>([
    [
      'a missing tensor',
      tensorEnding.missing('upsample.conv.weight'),
      /CHECKPOINT_INVALID.*tensor "upsample.conv.weight" is missing/,
    ],
    [
      'a left over tensor',
      tensorEnding.twice('downsample.conv.weight', 'downsample.conv.bias'),
      /"downsample.conv.bias" belongs to nothing/,
    ],
    [
      'a semantic codebook too many',
      (tensor) =>
        /semantic.*embed_sum/.test(tensor.name)
          ? [tensor, { ...tensor, name: tensor.name.replace('layers.0', 'layers.1') }]
          : [tensor],
      /semantic_residual_vector_quantizer.layers.1.codebook.embed_sum" belongs to nothing/,
    ],
    [
      'another shape',
      tensorEnding.changed('0.mlp.fc1.weight', { shape: [12, 20] }),
      /mlp.fc1.weight": expected \[20, 12\], found \[12, 20\]/,
    ],
  ])('%s', async (_, change, message) => {
    expect(await broken(tensors(change))).toMatch(message);
  });
});
