import { join } from 'node:path';
import { type Device, openDevice, type Session, type Tensor } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Weights } from '../../blocks/build.ts';
import type { Model } from '../../onnx/model.ts';
import { saveModel } from '../../onnx/save.ts';
import type { TensorReader } from '../../safetensors/file.ts';
import { type Fixture, largestDifference, openFixture, temporaryDirectory } from './fixture.test.kit.ts';
import { buildImageEncoder } from './image-encoder.ts';
import { buildImageDecode, buildImageEncode } from './image-tokenizer.ts';

let device: Device;
let fixture: Fixture;
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
  device = await openDevice();
  fixture = await openFixture('all-on');
});
afterAll(async () => {
  device.close();
  await temporary.remove();
});

async function openModel(model: Model): Promise<Session> {
  const path = join(temporary.path, `${model.name}.onnx`);
  await saveModel(model, path);
  return device.openSession(path);
}

/** Recorded 8-bit pixels as the graphs take them, −1…1. */
async function pixelsOf(cases: TensorReader, name: string): Promise<Tensor> {
  const data = (await cases.read(name)).map((value) => value / 127.5 - 1);
  return { data, dims: cases.tensors.get(name)!.shape };
}

describe.each(['square', 'wide'])('the image tokenizer agrees with PyTorch on the %s picture', (name) => {
  let encode: Session;
  let decode: Session;
  let cases: TensorReader;
  beforeAll(async () => {
    const ledger = await fixture.ledger('image-tokenizer');
    const [modality] = fixture.config.modalities.filter(({ tokenizer }) => tokenizer.kind === 'vq');
    if (modality?.tokenizer.kind !== 'vq') throw new TypeError('the fixture has an image tokenizer');
    const plan = { ...modality.tokenizer, codes: modality.size };
    encode = await openModel(buildImageEncode(plan, ledger.weights));
    decode = await openModel(buildImageDecode(plan, ledger.weights));
    ledger.check(); // the two graphs use every tensor of the file
    await ledger.close();
    cases = await fixture.open('image-tokenizer-cases');
  });
  afterAll(async () => {
    encode.close();
    decode.close();
    await cases.close();
  });

  test('pixels to ids', async () => {
    const { ids } = await encode.evaluate({ pixels: await pixelsOf(cases, `${name}.pixels`) });
    expect(ids!.dims).toEqual(cases.tensors.get(`${name}.ids`)!.shape);
    expect([...(ids!.data as Int32Array)]).toEqual([...(await cases.read(`${name}.ids`))]); // the graph says int32
    expect(new Set(ids!.data as Int32Array).size).toBeGreaterThan(3);
  });

  test('ids to pixels', async () => {
    const ids = {
      data: Int32Array.from(await cases.read(`${name}.ids`)),
      dims: cases.tensors.get(`${name}.ids`)!.shape,
    };
    const { pixels } = await decode.evaluate({ ids });
    expect(pixels!.dims).toEqual(cases.tensors.get(`${name}.decoded`)!.shape);
    const expected = await cases.read(`${name}.decoded`);
    expect(largestDifference(pixels!.data as Float32Array, expected)).toBeLessThan(1e-5); // the graph says float32
  });
});

test('the length of a code does not matter', async () => {
  const ledger = await fixture.ledger('image-tokenizer');
  const { tokenizer, size } = fixture.config.modalities.find((modality) => modality.name === 'image')!;
  if (tokenizer.kind !== 'vq') throw new TypeError('the fixture has an image tokenizer');
  const plan = { ...tokenizer, codes: size };
  /** Every code times its own factor. */
  const stretched: Weights = (name, shape) => async () => {
    const values = await ledger.weights(name, shape)();
    return name === 'codebook.weight'
      ? values.map((value, i) => value * (1 + Math.floor(i / shape[1]!)))
      : values;
  };
  const encode = await openModel(buildImageEncode(plan, stretched));
  const decode = await openModel(buildImageDecode(plan, stretched));
  const cases = await fixture.open('image-tokenizer-cases');
  const { ids } = await encode.evaluate({ pixels: await pixelsOf(cases, 'square.pixels') });
  expect([...(ids!.data as Int32Array)]).toEqual([...(await cases.read('square.ids'))]); // the graph says int32
  const { pixels } = await decode.evaluate({ ids: ids! });
  const expected = await cases.read('square.decoded');
  expect(largestDifference(pixels!.data as Float32Array, expected)).toBeLessThan(1e-5); // the graph says float32
  encode.close();
  decode.close();
  await cases.close();
  await ledger.close();
});

test('the understanding encoder agrees with PyTorch', async () => {
  const ledger = await fixture.ledger('image-encoder');
  const encoder = fixture.config.modalities
    .map((modality) => modality.encoder)
    .find((encoder) => encoder?.kind === 'patch-vit')!;
  const model = buildImageEncoder({ ...encoder, decoderWidth: fixture.config.decoder.width }, ledger.weights);
  ledger.check();
  const session = await openModel(model);
  await ledger.close();
  const cases = await fixture.open('image-encoder-cases');
  const { embeddings } = await session.evaluate({ pixels: await pixelsOf(cases, 'pixels') });
  expect(embeddings!.dims).toEqual(cases.tensors.get('embeds')!.shape);
  const expected = await cases.read('embeds');
  expect(largestDifference(embeddings!.data as Float32Array, expected)).toBeLessThan(1e-5); // the graph says float32
  session.close();
  await cases.close();
});
