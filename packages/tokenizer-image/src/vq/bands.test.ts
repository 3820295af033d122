import { expect, test } from 'vitest';
import { planBands, workOf } from './bands.ts';

test('plans 8 rows by hand: the first two rows early, the rest at the end', () => {
  // Rows 0–1 need rows 0–5; rows 2–3 already need row 7. Work: 6 + 8 rows, 14 / 8 = 1.75.
  const bands = planBands({ rows: 8, block: 2, halo: 4, budget: 1.75 });
  expect(bands).toEqual([
    { start: 0, end: 2, ready: 6 },
    { start: 2, end: 8, ready: 8 },
  ]);
  expect(workOf(bands, 8, 4)).toBe(14);
  expect(planBands({ rows: 8, block: 2, halo: 4, budget: 1.7 })).toEqual([{ start: 0, end: 8, ready: 8 }]);
});

test('covers every row once, never before its halo has come, within the budget', () => {
  for (const block of [1, 2, 4]) {
    for (const halo of [0, 1, 3, 4, 9]) {
      for (let rows = block; rows <= 24; rows += block) {
        const bands = planBands({ rows, block, halo, budget: 1.75 });
        let next = 0;
        for (const { start, end, ready } of bands) {
          expect(start).toBe(next);
          expect(end).toBeGreaterThan(start);
          expect(ready).toBeGreaterThanOrEqual(Math.min(rows, end + halo));
          expect(ready % block).toBe(0);
          next = end;
        }
        expect(next).toBe(rows);
        expect(workOf(bands, rows, halo)).toBeLessThanOrEqual(1.75 * rows);
      }
    }
  }
});
