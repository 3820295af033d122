import { expectCode } from '@any-to-any/core/testing';
import { expect, test } from 'vitest';
import { chooseShape, closestGrid, type Grid, gridOf } from './grids.ts';

const grids: readonly Grid[] = [
  [8, 8],
  [8, 12],
  [12, 8],
];

test('draws the first grid unless another one of the model is asked for', async () => {
  expect(chooseShape(grids)).toEqual({ kind: 'grid', rows: 8, columns: 8 });
  expect(chooseShape(grids, { kind: 'grid', rows: 12, columns: 8 })).toEqual({
    kind: 'grid',
    rows: 12,
    columns: 8,
  });
  await expectCode(() => chooseShape(grids, { kind: 'grid', rows: 16, columns: 16 }), 'OPTION_INVALID');
  await expectCode(() => chooseShape(grids, { kind: 'line' }), 'OPTION_INVALID');
  expect(() => chooseShape(grids, { kind: 'grid', rows: 9, columns: 8 })).toThrow('8 × 8, 8 × 12, 12 × 8');
});

test('chooses the grid of the closest aspect ratio', () => {
  expect(closestGrid(grids, 30, 20)).toEqual([8, 12]);
  expect(closestGrid(grids, 20, 3000)).toEqual([12, 8]);
  expect(closestGrid(grids, 500, 480)).toEqual([8, 8]);
  expect(closestGrid([grids[0]!, [16, 16]], 30, 30)).toEqual([8, 8]);
});

test('refuses shapes that are no whole blocks', async () => {
  expect(gridOf({ kind: 'grid', rows: 4, columns: 6 }, 2)).toMatchObject({ rows: 4, columns: 6 });
  for (const [rows, columns] of [
    [3, 4],
    [0, 4],
    [4, Number.NaN],
    [-2, 2],
  ] as const) {
    await expectCode(() => gridOf({ kind: 'grid', rows, columns }, 2), 'SHAPE_MISMATCH');
  }
  await expectCode(() => gridOf({ kind: 'line' }, 2), 'SHAPE_MISMATCH');
});
