import { join } from 'node:path';
import {
  type Device,
  type Graph,
  type LocalEngine,
  openBundle,
  openDevice,
  openGraph,
  openLocalEngine,
} from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import { largestDifference, temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import { type JanusCases, janusFixture, openCases, runsOf, score } from './fixture.test.kit.ts';

let device: Device;
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
let cases: JanusCases;
let bundle: string;
let engine: LocalEngine;
beforeAll(async () => {
  device = await openDevice();
  temporary = await temporaryDirectory();
  cases = await openCases();
  bundle = join(temporary.path, 'janus');
  await compile(janusFixture, bundle);
  engine = await openLocalEngine(await openBundle(bundle), device);
});
afterAll(async () => {
  await engine.close();
  await cases.close();
  device.close();
  await temporary.remove();
});

const vocabulary = 114;
const codes = 40;
const graph = (name: string): Promise<Graph> => openGraph(device, join(bundle, name));

test('text: the logits of every position, and the ids that follow greedily', async () => {
  const ids = await cases.ids('text.ids');
  const logits = await cases.values('text.logits');
  const end = 102;
  const sequence = engine.open();
  for (const [position, run] of (await runsOf(bundle, ids)).entries()) {
    const own = await score(engine, sequence, [run], 'text');
    const expected = logits.subarray(position * vocabulary, (position + 1) * vocabulary);
    expect(own.at(-1)).toBeCloseTo(expected[end]!, 4);
    own[end] = expected[end]!; // the end token scores as the closing mark and is never drawn itself
    expect(largestDifference(own.subarray(0, vocabulary), expected)).toBeLessThan(1e-4);
  }
  const prompt = await runsOf(bundle, ids);
  const drawn = await cases.ids('text.greedy');
  expect(await greedy('text', prompt, drawn.length)).toEqual(drawn);
});

test('reading: embeddings of a picture, the scores after it, and the ids that follow', async () => {
  const understand = await graph('image-understand.onnx');
  const pixels = await cases.values('read.pixels');
  const { embeddings } = await understand.run({ pixels: { data: pixels, dims: [1, 3, 10, 10] } });
  understand.close();
  const expected = await cases.values('read.embeddings');
  const found = embeddings!.data as Float32Array; // it is float32
  expect(largestDifference(found, expected)).toBeLessThan(1e-4);

  const placeholder = 107;
  const ids = await cases.ids('read.ids');
  const first = ids.indexOf(placeholder);
  const prompt = await runsOf(
    bundle,
    ids.filter((id) => id !== placeholder),
  );
  prompt.splice(first, 0, { port: 'image', embeddings: found, count: 25 });
  const logits = await score(engine, engine.open(), prompt, 'text');
  const reference = await cases.values('read.logits');
  logits[102] = reference[102]!;
  expect(largestDifference(logits.subarray(0, vocabulary), reference)).toBeLessThan(1e-4);
  const drawn = await cases.ids('read.greedy');
  expect(await greedy('text', prompt, drawn.length)).toEqual(drawn);
});

describe('drawing', () => {
  test.each(['conditional', 'unconditional'])('%s logits of every step', async (kind) => {
    const bos = 101;
    const boi = 106;
    const given = await cases.ids('draw.ids');
    const ids = kind === 'conditional' ? given : given.map((id) => (id === bos || id === boi ? id : 103));
    const expected = await cases.values(`draw.${kind}`);
    const sequence = engine.open();
    let logits = await score(engine, sequence, await runsOf(bundle, ids), 'image');
    for (const [step, code] of (await cases.ids('draw.greedy')).entries()) {
      const reference = expected.subarray(step * codes, (step + 1) * codes);
      expect(largestDifference(logits.subarray(0, codes), reference)).toBeLessThan(1e-4);
      expect(logits[codes]).toBeLessThan(-1e29);
      logits = await score(engine, sequence, [{ port: 'image', ids: Uint32Array.of(code) }], 'image');
    }
  });

  test('the pixels of the codes, and a picture → codes in both ways', async () => {
    const ids = Int32Array.from(await cases.ids('draw.greedy'));
    const decode = await graph('image-decode.onnx');
    const { pixels } = await decode.run({ ids: { data: ids, dims: [1, 5, 5] } });
    decode.close();
    const decoded = pixels!.data as Float32Array; // it is float32
    expect(largestDifference(decoded, await cases.values('draw.pixels'))).toBeLessThan(1e-4);

    const feed = { pixels: { data: await cases.values('vq.pixels'), dims: [1, 3, 10, 10] } };
    const encode = await graph('image-encode.onnx');
    expect([...(await encode.run(feed))['ids']!.data]).toEqual(await cases.ids('vq.codes'));
    encode.close();
    const plain = join(temporary.path, 'plain');
    await compile(janusFixture, plain, { nearestCodes: 'distance' });
    const other = await openGraph(device, join(plain, 'image-encode.onnx'));
    expect([...(await other.run(feed))['ids']!.data]).toEqual(await cases.ids('vq.codes.plain'));
    other.close();
  });
});

async function greedy(head: string, prompt: Parameters<typeof score>[2], count: number): Promise<number[]> {
  const sequence = engine.open();
  let logits = await score(engine, sequence, prompt, head);
  const ids: number[] = [];
  for (;;) {
    const best = logits.indexOf(Math.max(...logits));
    ids.push(best);
    if (ids.length === count) return ids;
    const run =
      best < 101 || best > 108 ? [{ port: head, ids: Uint32Array.of(best) }] : await runsOf(bundle, [best]);
    logits = await score(engine, sequence, run, head);
  }
}
