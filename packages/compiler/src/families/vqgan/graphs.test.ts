import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Device, type Graph, openDevice, openGraph, type Tensor } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nameVqgan, renameVqgan, type VqganNaming } from '../../blocks/vqgan-names.ts';
import type { Model } from '../../onnx/model.ts';
import { saveModel } from '../../onnx/save.ts';
import { openSafetensors } from '../../safetensors/file.ts';
import { fixtures, largestDifference, temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import { openLedger } from '../ledger.ts';
import { parseVqgan } from './config.ts';
import { buildVqDecode, buildVqEncode } from './graphs.ts';

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

async function open(model: Model, name: string): Promise<Graph> {
  const path = join(temporary.path, `${name}.onnx`);
  await saveModel(model, path);
  return openGraph(device, path);
}

describe.each(['taming', 'diffusers'])('%s: as the reference', (name) => {
  test('ids of a picture that is not square, and pixels of ids', async () => {
    const directory = join(fixtures, 'vqgan', name);
    const path = join(directory, 'config.json');
    const { plan, naming, weights } = parseVqgan(path, JSON.parse(await readFile(path, 'utf8')));
    const reader = await openSafetensors(join(directory, `${weights}.safetensors`));
    const ledger = openLedger(reader);
    const named = nameVqgan(ledger.weights, naming, plan.levels.length);
    const encode = await open(buildVqEncode(plan, named), `${name}-encode`);
    const decode = await open(buildVqDecode(plan, named), `${name}-decode`);
    ledger.check();
    await reader.close();
    const cases = await openSafetensors(join(directory, 'cases.safetensors'));
    const read = async (tensor: string): Promise<Tensor & { data: Float32Array }> => ({
      data: await cases.read(tensor),
      dims: [1, ...cases.tensors.get(tensor)!.shape],
    });
    const ids = await read('ids');
    const found = await encode.run({ pixels: await read('picture') });
    expect(found['ids']!.dims).toEqual(ids.dims);
    expect([...found['ids']!.data]).toEqual([...ids.data]);
    const decoded = await read('decoded');
    const { pixels } = await decode.run({ ids: { data: Int32Array.from(ids.data), dims: ids.dims } });
    expect(pixels!.dims).toEqual(decoded.dims);
    expect(largestDifference(pixels!.data as Float32Array, decoded.data)).toBeLessThan(1e-5); // it is float32
    await cases.close();
  });
});

test.each<[VqganNaming, string, string]>([
  ['taming', 'decoder.up.0.upsample.conv.bias', 'decoder.up.0.upsample.conv.bias'],
  ['janus', 'decoder.up.0.block.2.nin_shortcut.weight', 'decoder.up.4.block.2.nin_shortcut.weight'],
  ['janus', 'encoder.down.0.block.1.conv1.bias', 'encoder.down.0.block.1.conv1.bias'],
  ['llamagen', 'decoder.up.4.attn.0.proj_out.weight', 'decoder.conv_blocks.0.attn.0.proj_out.weight'],
  ['llamagen', 'encoder.down.3.block.1.norm1.bias', 'encoder.conv_blocks.3.res.1.norm1.bias'],
  ['llamagen', 'encoder.mid.attn_1.q.bias', 'encoder.mid.1.q.bias'],
  ['llamagen', 'quantize.embedding.weight', 'quantize.embedding.weight'],
  ['diffusers', 'decoder.up.3.upsample.conv.bias', 'decoder.up_blocks.1.upsamplers.0.conv.bias'],
  ['diffusers', 'encoder.down.2.attn.1.norm.bias', 'encoder.down_blocks.2.attentions.1.group_norm.bias'],
  ['diffusers', 'encoder.mid.attn_1.proj_out.bias', 'encoder.mid_block.attentions.0.to_out.0.bias'],
  ['diffusers', 'encoder.norm_out.weight', 'encoder.conv_norm_out.weight'],
])('%s calls %s %s', (naming, name, expected) => {
  expect(renameVqgan(name, naming, 5)).toBe(expected);
});
