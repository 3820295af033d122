import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Device, openDevice, openGraph, openTokenizerBundle } from '@any-to-any/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { renameVqgan } from '../../blocks/vqgan-names.ts';
import { compile } from '../../compile.ts';
import { openSafetensors } from '../../safetensors/file.ts';
import { type TensorToWrite, writeSafetensors } from '../../safetensors/write.ts';
import { fixtures, largestDifference, temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';

/** Janus has LlamaGen's tokenizer: its checkpoint under LlamaGen's names, against what transformers makes of it. */

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

const levels = 2;
const args = {
  family: 'vqgan',
  codebook_size: 40,
  codebook_embed_dim: 6,
  encoder_ch_mult: [1, 1],
  decoder_ch_mult: [1, 1],
  z_channels: 20,
  ch: 32,
  num_res_blocks: 1,
};

async function write(name: string, change: object = {}): Promise<string> {
  const directory = join(temporary.path, name);
  await mkdir(directory);
  const reader = await openSafetensors(join(fixtures, 'janus', 'model.safetensors'));
  const tensors: TensorToWrite[] = [
    { name: 'quantize.codebook_used', dtype: 'I64', shape: [1], data: new BigInt64Array(1) },
  ];
  for (const { name, dtype, shape } of reader.tensors.values()) {
    if (!name.startsWith('model.vqmodel.')) continue;
    // Both count the levels of the decoder from the lowest resolution; `renameVqgan` takes taming's, from the highest.
    const own = renameVqgan(name.slice('model.vqmodel.'.length), 'janus', levels);
    tensors.push({
      name: renameVqgan(own, 'llamagen', levels),
      dtype,
      shape,
      data: await reader.readBytes(name),
    });
  }
  await reader.close();
  await writeSafetensors(join(directory, 'model.safetensors'), tensors);
  await writeFile(join(directory, 'config.json'), JSON.stringify({ ...args, ...change }));
  return directory;
}

test.each([
  ['cosine', {}, 'vq.codes'],
  ['distance', { codebook_l2_norm: false }, 'vq.codes.plain'],
] as const)(
  'codes by %s are those of transformers, and pixels at length 1',
  async (name, change, expected) => {
    const directory = await write(name, change);
    await compile(directory, `${directory}-out`);
    const cases = await openSafetensors(join(fixtures, 'janus', 'cases.safetensors'));
    const encode = await openGraph(device, join(`${directory}-out`, 'image-encode.onnx'));
    const picture = { data: await cases.read('vq.pixels'), dims: [1, 3, 10, 10] };
    const { ids } = await encode.run({ pixels: picture });
    expect([...ids!.data]).toEqual([...(await cases.read(expected))]);
    if (name === 'cosine') {
      const decode = await openGraph(device, join(`${directory}-out`, 'image-decode.onnx'));
      const drawn = Int32Array.from(await cases.read('draw.greedy'));
      const { pixels } = await decode.run({ ids: { data: drawn, dims: [1, 5, 5] } });
      const found = pixels!.data as Float32Array; // it is float32
      expect(largestDifference(found, await cases.read('draw.pixels'))).toBeLessThan(1e-5);
    }
    await cases.close();
  },
);

test('grids can be named, and levels that differ are refused', async () => {
  const directory = await write('wide', { grids: [[24, 24]] });
  await compile(directory, `${directory}-out`);
  const { manifest } = await openTokenizerBundle(`${directory}-out`);
  expect(manifest.tokenizer.options).toMatchObject({ grids: [[24, 24]], size: 40, factor: 2 });
  const refused = compile(await write('refused', { decoder_ch_mult: [1, 2] }), `${directory}-no`);
  await expect(refused).rejects.toThrow(/CHECKPOINT_INVALID.*decoder_ch_mult: expected the same/);
});
