import { expect, test } from 'vitest';
import { patchGrid } from './grid.ts';
import { checkIds, emptyIdMap, putIds, readIds } from './ids.ts';

const grid = patchGrid(32, 32, 16);

test('the ids of a patch and some around, by hand', () => {
  const map = emptyIdMap(grid, 8, 99);
  const right = { x: 16, y: 0, width: 16, height: 16 };
  putIds(map, right, Uint32Array.of(5, 6, 7, 8), right);
  // Of a whole row, only what lies under the left patch.
  const row = { x: 0, y: 0, width: 32, height: 16 };
  putIds(map, row, Uint32Array.of(1, 2, 90, 91, 3, 4, 92, 93), { x: 0, y: 0, width: 16, height: 16 });
  expect([...readIds(map, grid, 0, 1)]).toEqual([
    ...[99, 99, 99, 99],
    ...[99, 1, 2, 5],
    ...[99, 3, 4, 7],
    ...[99, 99, 99, 99],
  ]);
  expect([...readIds(map, grid, 3, 1)].slice(0, 4)).toEqual([4, 7, 8, 99]);
  expect([...readIds(map, grid, 0, 2)].slice(12, 18)).toEqual([99, 99, 1, 2, 5, 6]);
});

test('refuses too few ids and ids that do not exist', () => {
  const map = emptyIdMap(grid, 8, 99);
  const rectangle = { x: 0, y: 0, width: 16, height: 16 };
  expect(() => checkIds(map, rectangle, Uint32Array.of(1, 2, 3))).toThrow(/CONTENT_INVALID.*2 × 2 ids/);
  expect(() => checkIds(map, rectangle, Uint32Array.of(1, 2, 3, 99))).toThrow(/CONTENT_INVALID.*below 99/);
});
