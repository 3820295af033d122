import { join } from 'node:path';
import { type Device, openBundle, openDevice, openGraph, openLocalEngine, type Run } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import { temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import { blip2Fixtures, type Recorded, readRecorded } from './fixture.test.kit.ts';

let device: Device;
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
  device = await openDevice();
});
afterAll(async () => {
  device.close();
  await temporary.remove();
});

const end = 4; // of the fixtures

/** The picture, the mark that closes it, and the text from `from` to `to`. */
function promptOf({ embeddings, ids }: Recorded, closing: number, to = ids.length): Run[] {
  const queries = 5;
  return [
    { port: 'image', embeddings, count: queries },
    { port: 'marks', ids: Uint32Array.of(closing) },
    { port: 'text', ids: ids.subarray(queries + 1, to) },
  ];
}

function difference(actual: Float32Array, expected: Float32Array): number {
  let largest = Math.abs(actual.at(-1)! - Math.max(expected[end]!, expected[1]!)); // the closing mark: either end
  expected.forEach((value, id) => {
    if (id !== end && id !== 1) largest = Math.max(largest, Math.abs(actual[id]! - value));
  });
  return largest;
}

describe.each(['usual', 'unbiased'])('%s agrees with transformers', (name) => {
  let recorded: Recorded;
  let out: string;
  beforeAll(async () => {
    recorded = await readRecorded(name);
    out = join(temporary.path, name);
    await compile(join(blip2Fixtures, name), out);
  });

  test('what the queries see of the picture', async () => {
    const graph = await openGraph(device, join(out, 'image-understand.onnx'));
    const { embeddings } = await graph.run({ pixels: { data: recorded.pixels, dims: [1, 3, 20, 20] } });
    expect(embeddings!.dims).toEqual([1, 5, 32]);
    recorded.embeddings.forEach((value, at) => {
      expect(Math.abs(Number(embeddings!.data[at]) - value)).toBeLessThan(1e-5);
    });
    graph.close();
  });

  test('logits after the picture, at once and one by one, and greedy ids', async () => {
    const bundle = await openBundle(out);
    const engine = await openLocalEngine(bundle, device);
    const closing = bundle.space.region('image').close;
    const { ids, logits, greedy } = recorded;
    const size = logits.length / ids.length;
    const sequence = engine.open();
    let [result] = await engine.append([{ sequence, runs: promptOf(recorded, closing, 8), head: 'text' }]);
    for (let position = 7; position < ids.length; position++) {
      const expected = logits.subarray(position * size, (position + 1) * size);
      expect(difference(result!.logits, expected)).toBeLessThan(1e-4);
      if (position + 1 === ids.length) break;
      const runs = [{ port: 'text', ids: ids.subarray(position + 1, position + 2) }];
      [result] = await engine.append([{ sequence, runs, head: 'text' }]);
    }
    const whole = engine.open();
    [result] = await engine.append([{ sequence: whole, runs: promptOf(recorded, closing), head: 'text' }]);
    expect(difference(result!.logits, logits.subarray(-size))).toBeLessThan(1e-4);
    for (const id of greedy) {
      const best = result!.logits.indexOf(Math.max(...result!.logits));
      expect(best).toBe(id === end ? size : id);
      const runs = [{ port: 'text', ids: Uint32Array.of(id) }];
      [result] = await engine.append([{ sequence: whole, runs, head: 'text' }]);
    }
    await engine.close();
  });
});

test.each([
  ['int8', { quantize: 'int8' }, 0.15],
  ['int4', { quantize: 'int4' }, 1.5],
  ['an int8 cache', { kv: 'int8' }, 0.15],
] as const)('what %s loses of random, so worst-case, weights', async (name, options, bound) => {
  const out = join(temporary.path, name.replaceAll(' ', '-'));
  await compile(join(blip2Fixtures, 'usual'), out, options);
  const bundle = await openBundle(out);
  const engine = await openLocalEngine(bundle, device);
  const recorded = await readRecorded('usual');
  const runs = promptOf(recorded, bundle.space.region('image').close);
  const [result] = await engine.append([{ sequence: engine.open(), runs, head: 'text' }]);
  const loss = difference(result!.logits, recorded.logits.subarray(-104));
  expect(loss).toBeLessThan(bound);
  expect(loss).toBeGreaterThan(1e-4);
  await engine.close();
});
