import { join } from 'node:path';
import { openAdapterBundle } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import { temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import {
  type Change,
  configured,
  edited,
  extra,
  type Json,
  refusal,
  tensorEnding,
  tensors,
} from '../edited.test.kit.ts';
import { swinFixtures } from '../upsampler.test.kit.ts';

const checkpoint = join(swinFixtures, 'swin2sr/classical-x2');
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

const path = (name: string): string => join(temporary.path, name);
const broken = (change: Change): Promise<string> => refusal(temporary.path, checkpoint, change);

describe('a Swin2SR becomes an adapter on its own', () => {
  test.each([
    ['classical-x2', 2],
    ['classical-x3', 3],
    ['light-x2', 2],
    ['real-x4', 4],
    ['compressed-x4', 4],
  ])('%s enlarges %s times', async (name, scale) => {
    await compile(join(swinFixtures, 'swin2sr', name), path(name));
    const { manifest } = await openAdapterBundle(path(name)); // checks sizes and hashes
    expect(manifest.adapter).toMatchObject({
      plugin: '@any-to-any/adapter-denoise',
      options: { kind: 'upsampler', graph: 'image-upsampler.onnx', scale, window: 4 },
    });
  });

  test('tables that are arithmetic, as older files hold them, change nothing', async () => {
    const prefix = 'swin2sr.encoder.stages.0.layers.0.attention.self';
    const name = `${prefix}.relative_position_index`;
    const old = await edited(
      temporary.path,
      checkpoint,
      extra(name),
      tensors(tensorEnding.changed(name, { dtype: 'I64', data: BigInt64Array.of(3n) })),
    );
    const manifest = await compile(checkpoint, path('new'), { name: 'same' });
    expect(await compile(old, path('old'), { name: 'same' })).toEqual(manifest);
  });
});

describe('what is refused', () => {
  test.each<[string, Json, RegExp]>([
    ['an unknown end', { upsampler: 'transposed' }, /upsampler/],
    ['repairing without enlarging', { upsampler: '' }, /upsampler/],
    ['another activation', { hidden_act: 'relu' }, /hidden_act/],
    ['patches', { patch_size: 2 }, /patch_size/],
    ['grey', { num_channels: 1 }, /num_channels/],
    ['positions of one size', { use_absolute_embeddings: true }, /use_absolute_embeddings/],
    ['heads for other stages', { num_heads: [2] }, /num_heads: expected 2 numbers, found 1/],
    [
      'heads that do not divide',
      { num_heads: [2, 3] },
      /num_heads: expected divisors of embed_dim \(8\), found 3/,
    ],
    ['windows as large as the picture', { image_size: 4 }, /image_size: expected above window_size \(4\)/],
    ['a strange scale', { upscale: 6 }, /upscale: expected 3 or a power of 2, found 6/],
    ['repetition of another scale', { upsampler: 'nearest+conv' }, /upscale: expected 4 with nearest\+conv/],
    ['more stages than there are', { depths: [3, 2, 1], num_heads: [2, 4, 2] }, /stages.2.*is missing/],
    ['fewer blocks than there are', { depths: [2, 2] }, /stages.0.layers.2.* belongs to nothing/],
    ['biases that are there', { qkv_bias: false }, /query.bias" belongs to nothing/],
  ])('%s', async (_, config, message) => {
    expect(await broken(configured(config))).toMatch(message);
  });

  test('tensors that are missing or of another shape', async () => {
    const without = tensorEnding.missing('conv_before_upsample.weight');
    expect(await broken(tensors(without))).toMatch(/conv_before_upsample.weight" is missing/);
    const scale = 'stages.0.layers.0.attention.self.logit_scale';
    const other = tensorEnding.changed(scale, { shape: [1, 2, 1] });
    expect(await broken(tensors(other))).toMatch(/logit_scale": expected \[2, 1, 1\], found \[1, 2, 1\]/);
  });
});
