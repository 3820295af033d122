import { describe, expect, it } from 'vitest';
import { philox, uniform } from './random.ts';

describe('philox', () => {
  // Known answers of the Random123 distribution (kat_vectors, philox4x32 with 10 rounds).
  it('gives the published answers', () => {
    expect(philox([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    const ones = 0xffffffff;
    expect(philox([ones, ones, ones, ones], [ones, ones])).toEqual([
      0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd,
    ]);
    expect(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
      0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
    ]);
  });
});

describe('uniform', () => {
  it('depends on seed and position only', () => {
    expect(uniform(7, 3)).toBe(uniform(7, 3));
    expect(uniform(7, 3)).not.toBe(uniform(7, 4));
    expect(uniform(7, 3)).not.toBe(uniform(8, 3));
  });

  it('uses all 53 bits of a seed', () => {
    expect(uniform(1, 0)).not.toBe(uniform(1 + 2 ** 32, 0));
  });

  it('is spread evenly over [0, 1)', () => {
    const bins = new Array<number>(10).fill(0);
    for (let position = 0; position < 10_000; position++) bins[Math.floor(uniform(1, position) * 10)]!++;
    for (const bin of bins) expect(Math.abs(bin - 1000)).toBeLessThan(120);
  });
});
