import { describe, expect, it } from 'vitest';
import { Ring } from './ring.ts';

const frame = (length: number): Uint8Array => new Uint8Array(length);

describe('a ring', () => {
  it('keeps the newest that fit, by hand', () => {
    const ring = new Ring(10);
    for (const length of [4, 4, 4]) ring.push(frame(length));
    expect([ring.first, ring.end, ring.bytes]).toEqual([0, 3, 12]);
    ring.trim(3);
    expect([ring.first, ring.end, ring.bytes]).toEqual([1, 3, 8]);
    expect(ring.at(0)).toBeUndefined();
    expect(ring.at(1)?.length).toBe(4);
    expect(ring.at(3)).toBeUndefined();
  });

  it('never lets go of what was not sent', () => {
    const ring = new Ring(1);
    for (const length of [4, 4, 4]) ring.push(frame(length));
    ring.trim(1);
    expect([ring.first, ring.bytes]).toEqual([1, 8]);
  });
});
