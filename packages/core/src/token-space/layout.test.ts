import { describe, expect, it } from 'vitest';
import { cellOf, gridLayout, indexOf, lineLayout } from './layout.ts';

describe('line', () => {
  const layout = lineLayout({ buckets: 32, maxDistance: 128 });
  const line = { kind: 'line' } as const;

  it('is exact up to half and logarithmic beyond, by hand', () => {
    const bucketOf = (distance: number): number => layout.bucket(distance, 0, line);
    // ln(20/16) / ln(8) * 16 = 1.7 → 16 + 1; ln(64/16) / ln(8) * 16 = 10.7 → 16 + 10
    expect([0, 1, 15, 16, 20, 64, 127, 128, 5000].map(bucketOf)).toEqual([0, 1, 15, 16, 17, 26, 31, 31, 31]);
  });

  it('refuses a distance that leaves no room for its buckets', () => {
    expect(() => lineLayout({ buckets: 32, maxDistance: 16 })).toThrow(/SPACE_INVALID.*above 16/);
  });

  it('has no fixed number of ids', () => {
    expect(layout.count(line)).toBeUndefined();
  });
});

describe('grid', () => {
  const shape = { kind: 'grid', rows: 4, columns: 6 } as const;

  it('walks blocks in raster order', () => {
    expect([0, 1, 2, 3, 4, 11, 12, 23].map((index) => cellOf(index, 6, 2))).toEqual([
      { row: 0, column: 0 },
      { row: 0, column: 1 },
      { row: 1, column: 0 },
      { row: 1, column: 1 },
      { row: 0, column: 2 },
      { row: 1, column: 5 },
      { row: 2, column: 0 },
      { row: 3, column: 5 },
    ]);
  });

  it('cell and index are opposites', () => {
    for (const block of [1, 2]) {
      for (let index = 0; index < 24; index++) expect(indexOf(cellOf(index, 6, block), 6, block)).toBe(index);
    }
  });

  it('buckets are pairs of clipped offsets, by hand', () => {
    const layout = gridLayout({ clip: 2, block: 1 });
    expect(layout.buckets).toBe(25);
    // query (1, 2) looks at (0, 5): offsets +1 and −3, clipped to −2 → (1 + 2) * 5 + 0
    expect(layout.bucket(8, 5, shape)).toBe(15);
    expect(layout.bucket(8, 8, shape)).toBe(12);
  });

  it('every bucket lies in range', () => {
    const layout = gridLayout({ clip: 2, block: 2 });
    for (let query = 0; query < 24; query++) {
      for (let key = 0; key <= query; key++) {
        const bucket = layout.bucket(query, key, shape);
        expect(bucket).toBeGreaterThanOrEqual(0);
        expect(bucket).toBeLessThan(25);
      }
    }
  });

  it('knows its number of ids and refuses a line', () => {
    expect(gridLayout({ clip: 2, block: 2 }).count(shape)).toBe(24);
    expect(() => gridLayout({ clip: 2, block: 2 }).count({ kind: 'line' })).toThrow(/SHAPE_MISMATCH/);
    const odd = { kind: 'grid', rows: 4, columns: 5 } as const;
    expect(() => gridLayout({ clip: 2, block: 2 }).bucket(9, 5, odd)).toThrow(/SHAPE_MISMATCH.*whole blocks/);
  });
});
