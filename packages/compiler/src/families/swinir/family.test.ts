import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openAdapterBundle, openBundle, openTokenizerBundle } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import type { CompileOptions } from '../../options.ts';
import { temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import { type Change, edited, extra, failure, refusal, tensorEnding, tensors } from '../edited.test.kit.ts';
import { swinFixtures } from '../upsampler.test.kit.ts';

const checkpoint = (name: string): string => join(swinFixtures, 'swinir', name);
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

const path = (name: string): string => join(temporary.path, name);
const file = 'weights.safetensors';

describe('a SwinIR becomes an adapter on its own', () => {
  test('whose manifest says what it is', async () => {
    const about = { name: 'tiny', version: '1.0.0', license: 'Apache-2.0', attribution: ['somebody'] };
    const manifest = await compile(checkpoint('real-x2-large'), path('tiny'), about);
    const bundle = await openAdapterBundle(path('tiny')); // checks sizes and hashes
    expect(bundle.manifest).toEqual(manifest);
    expect(manifest).toMatchObject({ kind: 'adapter', modality: 'image', ...about });
    expect(bundle.manifest.adapter).toEqual({
      plugin: '@any-to-any/adapter-denoise',
      options: { kind: 'upsampler', graph: 'image-upsampler.onnx', scale: 2, window: 4, reach: 21 },
    });
    await expect(openBundle(path('tiny'))).rejects.toThrow(/BUNDLE_INVALID.*an adapter on its own/);
    await expect(openTokenizerBundle(path('tiny'))).rejects.toThrow(/BUNDLE_INVALID.*openAdapter/);
  });

  test.each([
    ['classical-x2', 2, 4],
    ['classical-x3', 3, 4],
    ['classical-x8', 8, 4],
    ['light-x4', 4, 4],
    ['real-x4', 4, 4],
    ['jpeg', 1, 7],
  ])('%s enlarges %s times, with windows of %s', async (name, scale, window) => {
    await compile(checkpoint(name), path(name));
    expect((await openAdapterBundle(path(name))).manifest.adapter.options).toMatchObject({ scale, window });
  });

  test('from the file itself, under any name, and with 16-bit weights', async () => {
    const weights = join(checkpoint('light-x4'), file);
    const whole = await compile(weights, path('file'));
    expect(whole).toMatchObject({ kind: 'adapter', name: 'weights.safetensors' });
    const halves = await compile(weights, path('halves'), { quantize: 'f16' });
    const bytes = ({ files }: typeof whole) =>
      Object.values(files).reduce((sum, { bytes: each }) => sum + each, 0);
    expect(bytes(halves)).toBeLessThan(bytes(whole));
  });

  test('from averaged weights where a file holds both sets', async () => {
    const both = await edited(
      temporary.path,
      checkpoint('real-x4'),
      tensors((tensor) => [tensor, { ...tensor, name: tensor.name.replace('params_ema', 'params') }], file),
      extra('params.only-in-training', file),
    );
    const manifest = await compile(checkpoint('real-x4'), path('one'), { name: 'same' });
    expect(await compile(both, path('both'), { name: 'same' })).toEqual(manifest);
  });
});

describe('what is refused', () => {
  const first = 'params.layers.0.residual_group.blocks.0';
  const table = `${first}.attn.relative_position_bias_table`;
  const { missing, changed } = tensorEnding;

  test.each<[string, Change, RegExp]>([
    [
      'a missing tensor',
      tensors(missing(`${first}.mlp.fc2.bias`), file),
      /"layers.0.residual_group.blocks.0.mlp.fc2.bias" is missing/,
    ],
    ['a tensor too many', extra('params.norm.shift', file), /"norm.shift" belongs to nothing/],
    ['a tensor of neither set', extra('other', file), /"other" belongs to nothing/],
    [
      'a tensor of another shape',
      tensors(changed(`${first}.attn.proj.weight`, { shape: [4, 16] }), file),
      /attn.proj.weight": expected \[8, 8\], found \[4, 16\]/,
    ],
    ['a window that is none', tensors(changed(table, { shape: [98, 1] }), file), /98 relative positions/],
    [
      'heads that do not divide the channels',
      tensors(changed(table, { shape: [49, 3], data: new Float32Array(147) }), file),
      /3 heads do not divide 8 channels/,
    ],
    [
      'one colour',
      tensors(changed('params.conv_first.weight', { shape: [24, 1, 3, 3] }), file),
      /expected 3 colours, found 1/,
    ],
    [
      'an unknown end',
      tensors((tensor) => (/^params\.upsample/.test(tensor.name) ? [] : [tensor]), file),
      /expected the end of a classical .* found none/,
    ],
    [
      'an end without a square of channels',
      tensors(changed('params.upsample.0.weight', { shape: [10, 10, 3, 3] }), file),
      /"upsample.0.weight": expected 5 channels times a square.*found 10/,
    ],
    ['positions of one size', extra('params.absolute_pos_embed', file), /absolute_pos_embed.*not supported/],
    [
      'an unshuffled beginning',
      tensors((tensor) => [{ ...tensor, name: tensor.name.replace('conv_first', 'conv_first.1') }], file),
      /unshuffling is not supported/,
    ],
    [
      'values that are not finite',
      tensors(changed('params.norm.weight', { data: new Float32Array(8).fill(Number.NaN) }), file),
      /"norm.weight": expected finite values/,
    ],
  ])('%s', async (_, change, message) => {
    expect(await refusal(temporary.path, checkpoint('classical-x2'), change)).toMatch(message);
  });

  test('a pickle, with how to convert it', async () => {
    const directory = path('pickle');
    await mkdir(directory);
    await writeFile(join(directory, '002_lightweightSR.pth'), 'PK');
    for (const from of [directory, join(directory, '002_lightweightSR.pth')]) {
      expect(await failure(from)).toMatch(
        /CHECKPOINT_INVALID.*002_lightweightSR.pth: expected safetensors, found a pickle.*params_ema.*save_file.*'002_lightweightSR.safetensors'/,
      );
    }
  });

  test('weights of something else, several files, and none', async () => {
    const renamed = tensors((tensor) => [{ ...tensor, name: `other.${tensor.name}` }], file);
    const other = await edited(temporary.path, checkpoint('classical-x2'), renamed);
    expect(await failure(other)).toMatch(/CHECKPOINT_INVALID.*not those of SwinIR/);
    const two = path('two');
    await cp(other, two, { recursive: true });
    await cp(join(two, file), join(two, 'second.safetensors'));
    expect(await failure(two)).toMatch(/CHECKPOINT_INVALID.*config.json/);
    await rm(join(two, 'second.safetensors'));
    await writeFile(join(two, file), 'short');
    expect(await failure(two)).toMatch(/CHECKPOINT_INVALID.*truncated/);
    expect(await failure(path('nowhere'))).toMatch(/CHECKPOINT_INVALID.*config.json/);
    expect(await failure(path('nowhere.safetensors'))).toMatch(/CHECKPOINT_INVALID.*cannot be opened/);
  });

  test.each<[string, CompileOptions]>([
    ['quantize', { quantize: 'int8' }],
    ['kv', { kv: 'int8' }],
    ['codebooks', { codebooks: 2 }],
    ['context', { context: 9 }],
  ])('the option %s, which is for others', async (name, options) => {
    expect(await failure(checkpoint('light-x4'), options, path('never'))).toMatch(
      new RegExp(`OPTION_INVALID.*${name} means nothing here`),
    );
  });
});
