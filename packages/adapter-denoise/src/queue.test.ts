import { expect, test } from 'vitest';
import { createQueue } from './queue.ts';
import { rollingSigmas } from './schedule.ts';

/** Steps every patch until it has taken `steps`; the patches of each tick. */
function play(count: number, steps: number, delay: number, limit = 99): number[][] {
  const queue = createQueue<{ index: number; step: number }>(delay, limit);
  for (let index = 0; index < count; index++) queue.add({ index, step: 0 });
  const ticks: number[][] = [];
  while (queue.length > 0) {
    const batch = queue.tick(() => true);
    ticks.push(batch.map(({ index }) => index));
    for (const item of batch) if (++item.step === steps) queue.remove(item);
  }
  return ticks;
}

test('steps patches as the rolling schedule says', () => {
  const levels = [0.5, 0.2, 0.1, 0];
  for (const delay of [0, 0.25, 0.5, 1, 2, 3]) {
    const ticks = play(6, 3, delay);
    ticks.forEach((batch, tick) => {
      const now = rollingSigmas(levels, delay, tick, 6);
      const next = rollingSigmas(levels, delay, tick + 1, 6);
      expect(batch).toEqual([0, 1, 2, 3, 4, 5].filter((index) => next[index]! < now[index]!));
    });
    expect(rollingSigmas(levels, delay, ticks.length, 6)).toEqual([0, 0, 0, 0, 0, 0]);
  }
});

test('never steps more than its limit at once, and forgets nobody', () => {
  const ticks = play(10, 3, 0, 4);
  expect(Math.max(...ticks.map((batch) => batch.length))).toBe(4);
  expect(ticks.flat().length).toBe(30);
  expect(new Set(ticks.flat()).size).toBe(10);
});

test('begins anew after a pause, so that a late patch does not wait for those before it', () => {
  const queue = createQueue<string>(3, 9);
  queue.add('a');
  expect(queue.tick(() => true)).toEqual(['a']);
  queue.remove('a');
  for (let tick = 0; tick < 5; tick++) expect(queue.tick(() => true)).toEqual([]);
  queue.add('b');
  queue.add('c');
  expect(queue.tick(() => true)).toEqual(['b']);
  queue.remove('b');
  expect(queue.tick(() => true)).toEqual(['c']); // nobody else is there: no need to wait three ticks
});

test('lets go of what is not wanted any more', () => {
  const queue = createQueue<string>(0, 1);
  for (const item of ['a', 'b', 'c']) queue.add(item);
  expect(queue.tick(() => true)).toEqual(['a']);
  expect(queue.tick((item) => item === 'c')).toEqual(['c']);
  expect(queue.length).toBe(1);
});
