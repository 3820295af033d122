import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type Device, openDevice, openGraph } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import { openSafetensors } from '../../safetensors/file.ts';
import { fixtures, largestDifference, temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import { configured, failure, refusal, tensorEnding, tensors } from '../edited.test.kit.ts';
import { dalleHalo } from './graphs.ts';

let device: Device;
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  device = await openDevice();
  temporary = await temporaryDirectory();
});
afterAll(async () => {
  device.close();
  await temporary.remove();
});

test('ids of pictures and pixels of ids are those of the package dall-e', async () => {
  const out = join(temporary.path, 'out');
  const directory = join(fixtures, 'dall-e');
  await compile(directory, out);
  const [encode, decode] = [
    await openGraph(device, join(out, 'image-encode.onnx')),
    await openGraph(device, join(out, 'image-decode.onnx')),
  ];
  const cases = await openSafetensors(join(directory, 'cases.safetensors'));
  const dims = (name: string) => [1, ...cases.tensors.get(name)!.shape];
  const picture = (await cases.read('picture')).map((byte) => (byte / 255) * 0.8 + 0.1);
  const { ids } = await encode.run({ pixels: { data: picture, dims: dims('picture') } });
  expect(ids!.dims).toEqual([1, 26, 3]);
  expect([...ids!.data]).toEqual([...(await cases.read('ids'))]);
  const drawn = Int32Array.from(await cases.read('drawn'));
  const { pixels } = await decode.run({ ids: { data: drawn, dims: dims('drawn') } });
  expect(pixels!.dims).toEqual(dims('pixels'));
  // The reference clips.
  const found = Float32Array.from(pixels!.data as Float32Array, (value) =>
    Math.min(1, Math.max(0, (value + 1) / 2)),
  ); // it is float32
  expect(largestDifference(found, await cases.read('pixels'))).toBeLessThan(1e-5);
  await cases.close();
});

test('by hand: how far the decoder sees', () => {
  // Two blocks of three 3×3 at 8, 4, 2 and 1 times the resolution of ids: 6 + 6/2 + 6/4 + 6/8 = 11.25 ids.
  expect(dalleHalo({ blocks: 2 })).toBe(12);
  expect(dalleHalo({ blocks: 1 })).toBe(6);
});

const missing = tensorEnding.missing('group_2.block_1.id_path.w');

describe.each([
  ['an unknown field', configured({ n_layers: 2 }), /n_layers/],
  ['a width that has no quarter', configured({ n_hid: 6 }), /n_hid: expected a multiple of 4, found 6/],
  [
    'other codes',
    configured({ vocab_size: 21 }),
    /encoder.safetensors: tensor "blocks.output.conv.w": expected \[21, 32, 1, 1\], found \[20/,
  ],
  [
    'a tensor missing',
    tensors(missing, 'decoder.safetensors'),
    /decoder.safetensors: tensor "blocks.group_2.block_1.id_path.w" is missing/,
  ],
  ['a tensor left over', configured({ n_blk_per_group: 1 }), /"blocks.group_1.block_2.*belongs to nothing/],
  [
    'whole numbers',
    tensors(tensorEnding.changed('blocks.input.b', { dtype: 'I16' }), 'encoder.safetensors'),
    /blocks.input.b": expected F32, F16, BF16 or F64, found I16/,
  ],
  [
    'a pickle',
    (directory: string) => rename(join(directory, 'decoder.safetensors'), join(directory, 'decoder.pkl')),
    /decoder.pkl: expected safetensors, found a pickle.*weights_only=False.*'decoder.safetensors'/,
  ],
] as const)('%s', (_, change, message) => {
  test('is an error that says so', async () => {
    expect(await refusal(temporary.path, 'dall-e', change)).toMatch(message);
  });
});

test.each([{ quantize: 'int8' }, { quantize: 'f16' }, { kv: 'int8' }] as const)(
  'the option %o is for models',
  async (options) => {
    const out = join(temporary.path, 'refused');
    expect(await failure(join(fixtures, 'dall-e'), options, out)).toMatch(/OPTION_INVALID.*image tokenizer/);
  },
);
