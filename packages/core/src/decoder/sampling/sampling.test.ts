import { describe, expect, it } from 'vitest';
import { argmax, keepMinP, keepTopK, keepTopP, penalizeRepetition, softmax } from './filters.ts';
import { checkSamplingOptions, draw, sample } from './sampler.ts';

const kept = (logits: Float32Array): number[] => [...logits.keys()].filter((i) => logits[i] !== -Infinity);
const logs = (...p: number[]): Float32Array => Float32Array.from(p.map(Math.log));

describe('filters', () => {
  it('top-k keeps the k largest', () => {
    const logits = Float32Array.of(3, 1, 2, 5, -1);
    keepTopK(logits, 2);
    expect(kept(logits)).toEqual([0, 3]);
  });

  it('top-k agrees with sorting on random scores', () => {
    for (let round = 0; round < 50; round++) {
      const values = Float32Array.from({ length: 200 }, (_, i) => Math.sin(i * 7.3 + round * 1.7) * 10);
      const k = 1 + round * 3;
      const expected = [...values.keys()]
        .sort((a, b) => values[b]! - values[a]!)
        .slice(0, k)
        .sort((a, b) => a - b);
      const logits = values.slice();
      keepTopK(logits, k);
      expect(kept(logits)).toEqual(expected);
    }
  });

  it('min-p keeps what is likely enough beside the likeliest', () => {
    const logits = logs(0.5, 0.3, 0.15, 0.05);
    keepMinP(logits, 0.29);
    expect(kept(logits)).toEqual([0, 1, 2]);
  });

  it('top-p keeps the smallest set that reaches p', () => {
    const logits = logs(0.1, 0.5, 0.15, 0.25);
    keepTopP(logits, 0.7);
    expect(kept(logits)).toEqual([1, 3]);
  });

  it('repetition penalty lowers positive and negative scores', () => {
    const logits = Float32Array.of(2, -2, 4);
    penalizeRepetition(logits, [0, 1, 1], 2);
    expect([...logits]).toEqual([1, -4, 4]);
  });

  it('softmax of −Infinity is exactly 0', () => {
    expect([...softmax(Float32Array.of(0, -Infinity, 0))]).toEqual([0.5, 0, 0.5]);
  });
});

describe('sample', () => {
  it('temperature 0 takes the likeliest', () => {
    expect(sample(Float32Array.of(1, 3, 2), { temperature: 0 }, [], 0.99)).toBe(1);
    expect(argmax(Float32Array.of(1, 3, 3))).toBe(1);
  });

  it('inverts the cumulative distribution in id order', () => {
    const probabilities = Float64Array.of(0.2, 0, 0.5, 0.3);
    expect([0, 0.19, 0.2, 0.69, 0.7, 0.9999999].map((u) => draw(probabilities, u))).toEqual([
      0, 0, 2, 2, 3, 3,
    ]);
  });

  it('never takes an id that was masked', () => {
    for (let i = 0; i < 100; i++) {
      expect(sample(Float32Array.of(-Infinity, 0, -Infinity), { temperature: 5 }, [], i / 100)).toBe(1);
    }
  });

  it('refuses options that do not exist or are out of range', () => {
    expect(() => checkSamplingOptions({ temperatur: 1 } as never, 'text')).toThrow(
      /OPTION_UNKNOWN.*temperatur/,
    );
    expect(() => checkSamplingOptions({ topP: 1.5 }, 'text')).toThrow(/OPTION_INVALID.*topP/);
    expect(() => checkSamplingOptions({ topK: 1.5 }, 'text')).toThrow(/OPTION_INVALID.*topK/);
    expect(() => checkSamplingOptions({ temperature: Number.NaN }, 'text')).toThrow(/OPTION_INVALID/);
  });
});
