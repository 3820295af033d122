import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixtures, largestDifference } from './fixture.test.kit.ts';
import { noiseOf } from './noise.ts';
import { cleanOf, guide, signalShares, step, times, timesOf } from './schedule.ts';

test('a step of two values, by hand', () => {
  // At a share of 0.64 the signal counts 0.8 and the noise 0.6; at 0.36 the other way round.
  const noisy = Float32Array.of(1, -0.5);
  const clean = cleanOf(noisy, Float32Array.of(0.5, 1), 0.64, 2);
  // 0.8 · 1 − 0.6 · 0.5 and 0.8 · −0.5 − 0.6 · 1.
  expect([...clean]).toEqual([expect.closeTo(0.5), expect.closeTo(-1)]);
  // The noise in `noisy` is (1 − 0.4) / 0.6 = 1 and (−0.5 + 0.8) / 0.6 = 0.5.
  expect([...step(noisy, clean, 0.64, 0.36)]).toEqual([expect.closeTo(1.1), expect.closeTo(-0.2)]);
  expect([...step(noisy, clean, 0.64, 1)]).toEqual([...clean]);
  expect([...cleanOf(noisy, Float32Array.of(0.5, 1), 0.64, 0.7)]).toEqual([
    expect.closeTo(0.5),
    expect.closeTo(-0.7),
  ]);
});

test('guidance, by hand', () => {
  expect([...guide(Float32Array.of(2, 0), Float32Array.of(1, 1), 3)]).toEqual([4, -2]);
  expect([...guide(Float32Array.of(2), Float32Array.of(1), 1)]).toEqual([2]);
});

test('the times are evenly spaced, and hardly any signal is left at the first', () => {
  expect(timesOf(4)).toEqual([999, 749, 499, 249]);
  expect(timesOf(1)).toEqual([999]);
  const shares = signalShares();
  expect(shares.length).toBe(times);
  expect(shares[0]).toBeGreaterThan(0.9999);
  expect(shares[999]).toBeLessThan(1e-5);
  expect(shares.every((share, i) => i === 0 || share < shares[i - 1]!)).toBe(true);
});

interface Recorded {
  readonly limit: number;
  readonly times: number[];
  readonly states: number[][];
}

test('agrees with the DDIM of diffusers, step for step', () => {
  // Written by `training/fixtures/diffusion.py`.
  const recorded = JSON.parse(readFileSync(join(fixtures, 'ddim.json'), 'utf8')) as Recorded[];
  const shares = signalShares();
  for (const { limit, times: wanted, states } of recorded) {
    expect(timesOf(wanted.length)).toEqual(wanted);
    let noisy = Float32Array.from(states[0]!);
    for (const [i, time] of wanted.entries()) {
      const v = noisy.map((value) => Math.sin(3 * value + time / 100));
      const clean = cleanOf(noisy, v, shares[time]!, limit);
      const after = wanted[i + 1];
      noisy = Float32Array.from(step(noisy, clean, shares[time]!, after === undefined ? 1 : shares[after]!));
      expect(largestDifference(noisy, states[i + 1]!), `step ${i}`).toBeLessThan(2e-5);
    }
  }
});

test('noise is normal, and the same for the same seed', () => {
  const some = noiseOf(7, 20_001);
  expect(some).toEqual(noiseOf(7, 20_001));
  expect(some).not.toEqual(noiseOf(8, 20_001));
  const mean = some.reduce((sum, value) => sum + value, 0) / some.length;
  const square = some.reduce((sum, value) => sum + value * value, 0) / some.length;
  const fourth = some.reduce((sum, value) => sum + value ** 4, 0) / some.length;
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(square - 1)).toBeLessThan(0.04);
  expect(Math.abs(fourth - 3)).toBeLessThan(0.3);
  expect(some.every(Number.isFinite)).toBe(true);
});
