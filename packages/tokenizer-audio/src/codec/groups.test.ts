import { setImmediate, setTimeout } from 'node:timers/promises';
import { drain, iterate } from '@any-to-any/core/testing';
import { expect, test } from 'vitest';
import { inGroups } from './groups.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

async function* slowly<T>(items: readonly T[]): AsyncGenerator<T, void, undefined> {
  for (const item of items) {
    await setImmediate();
    yield item;
  }
}

test('the first go alone, later ones by fours, the last as they are; however they come', async () => {
  for (const source of [iterate(numbers(18)), slowly(numbers(18))]) {
    const groups = await drain(inGroups(source));
    expect(groups.flat()).toEqual(numbers(18));
    expect(groups.map((group) => group.length)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 4, 4, 2]);
  }
});

test('lets the source go on while its consumer is busy, but not too far', async () => {
  let read = 0;
  const source = async function* () {
    for (; read < 100; read++) yield read;
  };
  const groups = inGroups(source(), 8);
  await groups.next();
  await setTimeout(5);
  expect(read).toBeGreaterThan(4);
  expect(read).toBeLessThanOrEqual(10);
  await groups.return();
});

test('closes its source when its consumer stops, also one that is just waiting', async () => {
  let closed = 0;
  const source = async function* () {
    try {
      for (let i = 0; ; i++) {
        await setTimeout(1);
        yield i;
      }
    } finally {
      closed += 1;
    }
  };
  for await (const _ of inGroups(source())) break;
  expect(closed).toBe(1);
});

test('gives what came before a failure, then fails', async () => {
  const source = async function* () {
    yield 1;
    throw new RangeError('broken');
  };
  const seen: number[][] = [];
  const reading = (async () => {
    for await (const group of inGroups(source())) seen.push(group);
  })();
  await expect(reading).rejects.toThrow('broken');
  expect(seen).toEqual([[1]]);
});

test('an empty source gives nothing', async () => {
  expect(await drain(inGroups(iterate<number>([])))).toEqual([]);
});
