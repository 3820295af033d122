import { expect, test } from 'vitest';
import { entryTick, rollingSigmas, sigmasOf } from './schedule.ts';

test('log-linear by hand: every level a tenth of the one before, then nothing', () => {
  const levels = sigmasOf({ kind: 'log-linear', from: 0.5, to: 0.005, steps: 3 });
  expect(levels.map((level) => Number(level.toFixed(9)))).toEqual([0.5, 0.05, 0.005, 0]);
  expect(sigmasOf({ kind: 'log-linear', from: 0.4, to: 0.1, steps: 1 })).toEqual([0.4, 0]);
});

test('Karras by hand: the square roots fall evenly for rho 2', () => {
  // √0.64 = 0.8, √0.04 = 0.2: 0.8, 0.5, 0.2 squared.
  const levels = sigmasOf({ kind: 'karras', from: 0.64, to: 0.04, steps: 3, rho: 2 });
  expect(levels.map((level) => Number(level.toFixed(9)))).toEqual([0.64, 0.25, 0.04, 0]);
  const linear = sigmasOf({ kind: 'karras', from: 0.5, to: 0.1, steps: 3, rho: 1 });
  expect(linear.map((level) => Number(level.toFixed(9)))).toEqual([0.5, 0.3, 0.1, 0]);
});

test('patches enter when their turn comes', () => {
  expect([0, 1, 2, 3, 4, 5].map((index) => entryTick(index, 0))).toEqual([0, 0, 0, 0, 0, 0]);
  expect([0, 1, 2, 3, 4, 5].map((index) => entryTick(index, 0.25))).toEqual([0, 0, 0, 0, 1, 1]);
  expect([0, 1, 2, 3].map((index) => entryTick(index, 1.5))).toEqual([0, 1, 3, 4]);
});

test('rolling by hand: noise depends on time and patch together, the first patch is ahead', () => {
  const levels = [0.5, 0.2, 0.1, 0];
  const table = [0, 1, 2, 3, 4, 5].map((tick) => rollingSigmas(levels, 1, tick, 3));
  expect(table).toEqual([
    [0.5, 0.5, 0.5],
    [0.2, 0.5, 0.5],
    [0.1, 0.2, 0.5],
    [0, 0.1, 0.2],
    [0, 0, 0.1],
    [0, 0, 0],
  ]);
});

test('its limits: all patches at once, and one after the other', () => {
  const levels = [0.5, 0.2, 0];
  const at = (delay: number) => [0, 1, 2, 3, 4].map((tick) => rollingSigmas(levels, delay, tick, 2));
  expect(at(0)).toEqual([
    [0.5, 0.5],
    [0.2, 0.2],
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
  expect(at(2)).toEqual([
    [0.5, 0.5],
    [0.2, 0.5],
    [0, 0.5],
    [0, 0.2],
    [0, 0],
  ]);
});

test('no noise ever rises, in time or towards earlier patches', () => {
  const levels = sigmasOf({ kind: 'karras', from: 0.5, to: 0.02, steps: 4, rho: 7 });
  for (const delay of [0, 0.25, 0.7, 1, 2.5, 4, 9]) {
    let before = rollingSigmas(levels, delay, 0, 8);
    for (let tick = 1; tick < 90; tick++) {
      const now = rollingSigmas(levels, delay, tick, 8);
      const falls = now.every((sigma, i) => sigma <= before[i]! && (i === 0 || sigma >= now[i - 1]!));
      expect(falls, `delay ${delay}, tick ${tick}`).toBe(true);
      before = now;
    }
    expect(before.every((sigma) => sigma === 0)).toBe(true);
  }
});
