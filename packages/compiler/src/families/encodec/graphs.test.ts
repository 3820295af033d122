import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Device, openDevice } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { framesToBegin } from '../../blocks/seanet.ts';
import { openSafetensors } from '../../safetensors/file.ts';
import { fixtures, largestDifference, temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import {
  type CodecCases,
  codesTensor,
  cuts,
  joinRows,
  type OpenCodecGraph,
  openCases,
  openCodecGraph,
  samplesTensor,
} from '../codec.test.kit.ts';
import { openLedger } from '../ledger.ts';
import { type EncodecConfig, parseConfig } from './config.ts';
import { buildDecode, buildEncode, buildLatents, canStream } from './graphs.ts';
import { usedTensors } from './tensors.ts';

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

interface Opened {
  readonly config: EncodecConfig;
  readonly cases: CodecCases;
  readonly encode: OpenCodecGraph;
  readonly latents: OpenCodecGraph;
  readonly decode: OpenCodecGraph;
}

async function open(name: string, use?: number): Promise<Opened> {
  const directory = join(fixtures, 'encodec', name);
  const path = join(directory, 'config.json');
  const config = parseConfig(path, JSON.parse(await readFile(path, 'utf8')));
  const reader = await openSafetensors(join(directory, 'model.safetensors'));
  const codebooks = use ?? config.codebooks.all;
  const ledger = openLedger(usedTensors(reader, { used: codebooks, all: config.codebooks.all }));
  const plan = { seanet: config.seanet, codes: config.codes, codebooks };
  const [encode, latents, decode] = [
    await openCodecGraph(device, temporary.path, buildEncode(plan, ledger.weights)),
    await openCodecGraph(device, temporary.path, buildLatents(plan, ledger.weights)),
    await openCodecGraph(device, temporary.path, buildDecode(plan, ledger.weights)),
  ];
  ledger.check();
  await reader.close();
  return { config, cases: await openCases(join(directory, 'cases.safetensors')), encode, latents, decode };
}

describe.each(['causal', 'non-causal', 'trimmed'])('%s: as transformers', (name) => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open(name);
  });
  afterAll(() => opened.cases.close());

  test('latents and codes of every length around a stride', async () => {
    const { cases, latents, encode } = opened;
    expect(cases.lengths[0]).toBe(1);
    for (const length of cases.lengths) {
      const piece = samplesTensor(cases.samples.subarray(0, length));
      const [found] = await latents.run('latents', [piece]);
      const expected = await cases.read(`latents.${length}`);
      expect({ length, same: largestDifference(found!.data as Float32Array, expected) < 1e-5 }).toEqual({
        length,
        same: true,
      });
      const [codes] = await encode.run('codes', [piece]);
      const ids = await cases.ids(length);
      expect(codes!.dims).toEqual([1, ids.codebooks, ids.frames]);
      expect(joinRows([codes!])).toEqual(ids.data);
    }
  });

  test('samples of some and of many frames', async () => {
    const { cases, decode } = opened;
    for (const frames of cases.frames) {
      const [samples] = await decode.run('samples', [codesTensor(cases.codes, 0, frames)]);
      expect(samples!.dims).toEqual([1, frames * opened.config.stride]);
      const expected = await cases.read(`decoded.${frames}`);
      expect(largestDifference(samples!.data as Float32Array, expected)).toBeLessThan(1e-5);
    }
  });
});

test('fewer codebooks: the first ones, and the sum of those', async () => {
  const { cases, encode, decode } = await open('causal', 2);
  const length = cases.lengths.at(-1)!;
  const [codes] = await encode.run('codes', [samplesTensor(cases.samples.subarray(0, length))]);
  const ids = await cases.ids(length);
  expect(joinRows([codes!])).toEqual(ids.data.slice(0, 2 * ids.frames));
  const [samples] = await decode.run('samples', [codesTensor(cases.codes, 0, cases.codes.frames, 2)]);
  expect(largestDifference(samples!.data as Float32Array, await cases.read('decoded-with-2'))).toBeLessThan(
    1e-5,
  );
  await cases.close();
});

describe('piece by piece', () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open('causal');
  });
  afterAll(() => opened.cases.close());

  test('only causal networks that trim on the right alone are streams', async () => {
    expect(canStream(opened.config.seanet)).toBe(true);
    const others = [await open('non-causal'), await open('trimmed')];
    expect(others.map(({ config }) => canStream(config.seanet))).toEqual([false, false]);
    for (const { cases } of others) await cases.close();
  });

  test.each([1, 2, 3])('encoded %i frames at a time, ending anywhere', async (step) => {
    const { cases, encode, latents, config } = opened;
    const [first] = framesToBegin(config.seanet);
    for (const length of cases.lengths) {
      const pieces = cuts(length, first * config.stride, step * config.stride).map(([from, to]) =>
        samplesTensor(cases.samples.subarray(from, to)),
      );
      expect(joinRows(await encode.run('codes', pieces))).toEqual((await cases.ids(length)).data);
      const found = joinRows(await latents.run('latents', pieces));
      expect(largestDifference(found, await cases.read(`latents.${length}`))).toBeLessThan(1e-5);
    }
  });

  test.each([1, 2, 5])('decoded %i frames at a time', async (step) => {
    const { cases, decode, config } = opened;
    const [, first] = framesToBegin(config.seanet);
    for (const frames of cases.frames) {
      const pieces = cuts(frames, first, step).map(([from, to]) => codesTensor(cases.codes, from, to));
      const samples = joinRows(await decode.run('samples', pieces));
      expect(largestDifference(samples, await cases.read(`decoded.${frames}`))).toBeLessThan(1e-5);
    }
  });

  test('seven taps in front of the latents need seven frames to begin', () => {
    expect(framesToBegin(opened.config.seanet)).toEqual([7, 7]);
  });
});
