import { join } from 'node:path';
import { type Device, openBundle, openDevice } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import { greedyIds, llamaFixtures, openCompiled, readRecorded, textLogits } from './fixture.test.kit.ts';

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

const cases = [
  'llama-untied',
  'llama-biases',
  'llama-linear',
  'llama-3',
  'llama-yarn',
  'qwen2',
  'qwen3',
  'mistral',
];
const end = 1; // of every fixture

/** The largest difference of the scores of all ids, and of the closing mark, which stands for the id that ends. */
function difference(actual: Float32Array, expected: Float32Array): number {
  let largest = Math.abs(actual.at(-1)! - expected[end]!);
  expected.forEach((value, id) => {
    if (id !== end) largest = Math.max(largest, Math.abs(actual[id]! - value));
  });
  return largest;
}

describe.each(cases)('%s agrees with transformers', (name) => {
  test('logits, at once and one by one, and greedy ids', async () => {
    const { ids, logits, greedy } = await readRecorded(name);
    const engine = await openCompiled(device, join(llamaFixtures, name), join(temporary.path, name));
    const size = logits.length / ids.length;
    for (const steps of [[ids.length], new Array<number>(ids.length).fill(1), [17, 1, 22]]) {
      const sequence = engine.open();
      const found = await textLogits(engine, sequence, ids, steps);
      let position = -1;
      for (const [index, step] of steps.entries()) {
        position += step;
        const expected = logits.subarray(position * size, (position + 1) * size);
        expect(difference(found[index]!, expected)).toBeLessThan(1e-4);
        expect(found[index]![end]).toBeLessThan(-1e29); // it can only be drawn as the closing mark
      }
      sequence.dispose();
    }
    const expected = greedy.map((id) => (id === end ? size : id));
    expect(await greedyIds(engine, ids, greedy.length)).toEqual(expected);
    await engine.close();
  });
});

describe('what is lost of random, so worst-case, weights', () => {
  test.each([
    ['float16', { quantize: 'f16' }, 0.02],
    ['int8', { quantize: 'int8' }, 0.15],
    ['int4', { quantize: 'int4' }, 1.5],
    ['an int8 cache', { kv: 'int8' }, 0.15],
    ['tables of halves', { tables: 'f16' }, 0.01],
  ] as const)('%s', async (name, options, bound) => {
    const { ids, logits } = await readRecorded('llama-untied');
    const out = join(temporary.path, name.replaceAll(' ', '-'));
    const engine = await openCompiled(device, join(llamaFixtures, 'llama-untied'), out, options);
    const [found] = await textLogits(engine, engine.open(), ids, [ids.length]);
    const size = logits.length / ids.length;
    const loss = difference(found!, logits.subarray(-size));
    expect(loss).toBeLessThan(bound);
    expect(loss).toBeGreaterThan(name === 'tables of halves' ? 0 : 1e-4);
    await engine.close();
  });
});

test('the context can be cut', async () => {
  const out = join(temporary.path, 'short');
  const engine = await openCompiled(device, join(llamaFixtures, 'qwen2'), out, { context: 20 });
  expect(engine.context).toBe(20);
  await engine.close();
  expect((await openBundle(out)).manifest.decoder.context).toBe(20);
});
