import { join } from 'node:path';
import {
  type Device,
  type EngineSequence,
  type LocalEngine,
  openBundle,
  openDevice,
  openGraph,
  openLocalEngine,
  type Run,
} from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import type { CompileOptions } from '../../options.ts';
import { temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import {
  end,
  imageToken,
  mllamaFixture,
  openCases,
  readCase,
  readPicture,
  runsOf,
  textWidth,
  vocabulary,
} from './fixture.test.kit.ts';

let device: Device;
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
let engine: LocalEngine;
let mark: number;
let out: string;

async function open(name: string, options: CompileOptions = {}): Promise<LocalEngine> {
  const directory = join(temporary.path, name);
  await compile(mllamaFixture, directory, options);
  const bundle = await openBundle(directory);
  mark = bundle.space.region('image').close;
  return openLocalEngine(bundle, device);
}

beforeAll(async () => {
  temporary = await temporaryDirectory();
  device = await openDevice();
  engine = await open('exact');
  out = join(temporary.path, 'exact');
});
afterAll(async () => {
  await engine.close();
  device.close();
  await temporary.remove();
});

async function score(sequence: EngineSequence, runs: readonly Run[], on = engine): Promise<Float32Array> {
  const [result] = await on.append([{ sequence, runs, head: 'text' }]);
  return result!.logits;
}

function difference(actual: Float32Array, expected: Float32Array): number {
  let largest = Math.abs(actual.at(-1)! - expected[end]!); // the closing mark stands for the id that ends
  expected.forEach((value, id) => {
    if (id !== end) largest = Math.max(largest, Math.abs(actual[id]! - value));
  });
  return largest;
}

test.each([0, 1, 2])('the states of picture %i are those of transformers', async (number) => {
  const cases = await openCases();
  const { pixels, aspect, states } = await readPicture(cases, number);
  await cases.close();
  const graph = await openGraph(device, join(out, 'image-understand.onnx'));
  const padded = new Float32Array(4 * 3 * 14 * 14);
  padded.set(pixels);
  const { embeddings } = await graph.run({
    pixels: { data: padded, dims: [4, 3, 14, 14] },
    aspect: { data: BigInt64Array.of(BigInt(aspect)), dims: [1] },
  });
  expect(embeddings!.dims).toEqual([1, states.length / 32, 32]);
  states.forEach((value, at) => {
    expect(Math.abs(Number(embeddings!.data[at]) - value)).toBeLessThan(2e-5);
  });
  graph.close();
});

describe.each(['first', 'before', 'several', 'none'])('%s: the text agrees with transformers', (name) => {
  test('position by position, in pieces and at once', async () => {
    const recorded = await readCase(name);
    const steps = runsOf(recorded, mark);
    for (const size of [1, 5, steps.length]) {
      const sequence = engine.open();
      for (let at = 0; at < steps.length; at += size) {
        const piece = steps.slice(at, at + size);
        const last = at + piece.length - 1;
        const expected = recorded.logits.subarray(last * vocabulary, (last + 1) * vocabulary);
        expect(difference(await score(sequence, piece.flat()), expected)).toBeLessThan(1e-4);
      }
      sequence.dispose();
    }
  });

  test('greedy ids, also from a fork and after going back', async () => {
    const recorded = await readCase(name);
    const first = engine.open();
    await score(first, runsOf(recorded, mark).flat());
    const sequence = first.fork();
    const { length } = sequence;
    await score(sequence, [{ port: 'text', ids: Uint32Array.of(9, 8, 7) }]);
    sequence.truncate(length - 1);
    const lastId = recorded.ids.subarray(-1);
    let logits = await score(sequence, [{ port: 'text', ids: lastId }]);
    for (const id of recorded.greedy) {
      const best = logits.indexOf(Math.max(...logits));
      expect(best).toBe(id === end ? vocabulary : id);
      logits = await score(sequence, [{ port: 'text', ids: Uint32Array.of(id) }]);
    }
    first.dispose();
    sequence.dispose();
  });
});

test.each([
  ['exact', {}, 1e-4],
  ['int8-pieces', { quantize: 'int8' }, 0.15],
] as const)('a step may hold nothing but a part of a picture: %s', async (name, options, bound) => {
  const own = await open(name, options);
  const recorded = await readCase('before');
  const steps = runsOf(recorded, mark);
  const whole = await score(own.open(), steps.flat(), own);
  const sequence = own.open();
  const position = recorded.ids.indexOf(imageToken);
  await score(sequence, steps.slice(0, position).flat(), own);
  const { states } = recorded.pictures[0]!;
  for (const [from, to] of [
    [0, 1],
    [1, 7],
    [7, 10],
  ] as const) {
    const embeddings = states.subarray(from * textWidth, to * textWidth);
    await own.append([{ sequence, runs: [{ port: 'image', embeddings, count: to - from }] }]);
  }
  const rest = [{ port: 'marks', ids: Uint32Array.of(mark) }, ...steps.slice(position + 1).flat()];
  const logits = await score(sequence, rest, own);
  expect(difference(logits, recorded.logits.subarray(-vocabulary))).toBeLessThan(bound);
  logits.forEach((value, id) => {
    expect(Math.abs(value - whole[id]!)).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
  });
  await own.close();
});

test('sequences of different pictures step together', async () => {
  const names = ['first', 'before', 'several', 'none'];
  const cases = await Promise.all(names.map(readCase));
  const sequences = cases.map(() => engine.open());
  for (const [i, recorded] of cases.entries())
    await score(sequences[i]!, runsOf(recorded, mark).slice(0, -1).flat());
  const requests = cases.map((recorded, i) => ({
    sequence: sequences[i]!,
    runs: [{ port: 'text', ids: recorded.ids.subarray(-1) }],
    head: 'text',
  }));
  const results = await engine.append(requests);
  for (const [i, { logits }] of cases.entries()) {
    expect(difference(results[i]!.logits, logits.subarray(-vocabulary))).toBeLessThan(1e-4);
  }
  for (const sequence of sequences) sequence.dispose();
});

test.each([
  ['int8', { quantize: 'int8' }, 0.15],
  ['int4', { quantize: 'int4' }, 1.5],
  ['an int8 cache', { kv: 'int8' }, 0.15],
] as const)('what %s loses of random, so worst-case, weights', async (name, options, bound) => {
  const quantized = await open(name.replaceAll(' ', '-'), options);
  const recorded = await readCase('several');
  const logits = await score(quantized.open(), runsOf(recorded, mark).flat(), quantized);
  const loss = difference(logits, recorded.logits.subarray(-vocabulary));
  expect(loss).toBeLessThan(bound);
  expect(loss).toBeGreaterThan(1e-4);
  await quantized.close();
});
