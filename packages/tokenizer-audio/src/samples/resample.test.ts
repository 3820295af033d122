import { describe, expect, test } from 'vitest';
import { concatenate } from './concatenate.ts';
import { Resampler } from './resample.ts';

function resample(samples: Float32Array, from: number, to: number, pieces = [samples.length]): Float32Array {
  const resampler = new Resampler(from, to);
  const out: Float32Array[] = [];
  let at = 0;
  for (const length of pieces) {
    out.push(resampler.push(samples.subarray(at, at + length)));
    at += length;
  }
  return concatenate([...out, resampler.end()]);
}

const sine = (hz: number, rate: number, count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, n) => 0.9 * Math.sin((2 * Math.PI * hz * n) / rate));

/** The largest magnitude away from both ends, where the silence outside is heard. */
const middle = (samples: Float32Array): number =>
  samples.subarray(400, -400).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);

describe.each([
  [44_100, 16_000],
  [48_000, 16_000],
  [22_050, 16_000],
  [8_000, 16_000],
  [16_000, 24_000],
  [24_000, 16_000],
  [11_111, 16_000],
])('%i Hz to %i Hz', (from, to) => {
  test('a sine stays where it is, to 60 dB', () => {
    const hz = 0.4 * Math.min(from, to);
    const made = resample(sine(hz, from, from / 4), from, to);
    expect(made.length).toBe(Math.ceil((Math.floor(from / 4) * to) / from));
    const expected = sine(hz, to, made.length);
    expect(middle(made.map((sample, n) => sample - expected[n]!))).toBeLessThan(1e-3);
  });

  test('silence stays silent, and a constant stays the same', () => {
    expect(middle(resample(new Float32Array(3000), from, to))).toBe(0);
    const made = resample(new Float32Array(3000).fill(0.5), from, to);
    expect(middle(made.map((sample) => sample - 0.5))).toBeLessThan(1e-6);
  });

  test('piece by piece is the same as at once', () => {
    const samples = sine(300, from, 500).map((sample, n) => sample + 0.05 * Math.cos(n * n));
    const whole = resample(samples, from, to);
    for (const pieces of [[1, 1, 1, 7, 0, 490], [249, 251], Array<number>(500).fill(1)]) {
      expect(resample(samples, from, to, pieces)).toEqual(whole);
    }
  });
});

test('what the lower rate cannot hold is gone: no alias above −80 dB', () => {
  for (const hz of [8_100, 10_000, 15_000, 21_000]) {
    expect(middle(resample(sine(hz, 44_100, 22_050), 44_100, 16_000))).toBeLessThan(0.9e-4);
  }
});

test('short sounds have the length they should', () => {
  for (const count of [1, 2, 3, 5]) {
    const samples = new Float32Array(count).fill(1);
    expect(resample(samples, 44_100, 16_000).length).toBe(Math.ceil((count * 160) / 441));
    expect(resample(samples, 16_000, 24_000).length).toBe(Math.ceil(count * 1.5));
    expect(resample(samples, 16_000, 24_000).every(Number.isFinite)).toBe(true);
  }
});
