import { expect, test } from 'vitest';
import { emptyCanvas, middleOf, putPixels, readWindow } from './canvas.ts';
import { around, patchesUnder, patchGrid, rectangleOf } from './grid.ts';

/** 6 × 4 px in patches of 2; every pixel is 10 row + column, in all channels. */
function numbered(known: readonly number[]) {
  const grid = patchGrid(6, 4, 2);
  const canvas = emptyCanvas(grid);
  const all = Float32Array.from({ length: 3 * 24 }, (_, i) => 10 * Math.floor((i % 24) / 6) + (i % 6));
  putPixels(canvas, { x: 0, y: 0, width: 6, height: 4 }, all, 6);
  for (const index of known) canvas.known[index] = 1;
  return canvas;
}

const firstChannel = (window: Float32Array, size: number): number[][] =>
  Array.from({ length: size }, (_, row) => [...window.subarray(row * size, (row + 1) * size)]);

test('a grid by hand, with patches that are cut off', () => {
  const grid = patchGrid(40, 20, 16);
  expect([grid.columns, grid.rows]).toEqual([3, 2]);
  expect(rectangleOf(grid, 2)).toEqual({ x: 32, y: 0, width: 8, height: 16 });
  expect(rectangleOf(grid, 5)).toEqual({ x: 32, y: 16, width: 8, height: 4 });
  expect(around(grid, 0)).toEqual([0, 1, 3, 4]);
  expect(around(grid, 4)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(patchesUnder(grid, { x: 16, y: 0, width: 24, height: 20 })).toEqual([1, 2, 4, 5]);
});

test.each([
  { x: 1, y: 0, width: 16, height: 16 },
  { x: 0, y: 0, width: 20, height: 16 },
  { x: 0, y: 0, width: 0, height: 16 },
  { x: 32, y: 16, width: 16, height: 4 },
  { x: 0, y: -16, width: 16, height: 16 },
])('refuses a rectangle that does not consist of patches: $x $y $width $height', (rectangle) => {
  expect(() => patchesUnder(patchGrid(40, 20, 16), rectangle)).toThrow(/CONTENT_INVALID/);
});

test('a window by hand: neighbours, and beyond the picture its edge', () => {
  expect(firstChannel(readWindow(numbered([0, 1, 2, 3, 4, 5]), 1, 1), 4)).toEqual([
    [1, 2, 3, 4],
    [1, 2, 3, 4],
    [11, 12, 13, 14],
    [21, 22, 23, 24],
  ]);
});

test('a window by hand: in place of neighbours that are not known, the own edge', () => {
  // Patches 0 and 1 are known: left is there, right and below are not.
  expect(firstChannel(readWindow(numbered([0, 1]), 1, 1), 4)).toEqual([
    [1, 2, 3, 3],
    [1, 2, 3, 3],
    [11, 12, 13, 13],
    [12, 12, 13, 13],
  ]);
});

test('the middle of a window is the patch', () => {
  const window = readWindow(numbered([0, 1, 2, 3, 4, 5]), 4, 1);
  expect([...middleOf(window, 2, 1)]).toEqual([22, 23, 32, 33, 22, 23, 32, 33, 22, 23, 32, 33]);
});

test('putting tells whether anything changed', () => {
  const canvas = numbered([]);
  const own = rectangleOf(canvas.grid, 4);
  const pixels = Float32Array.of(22, 23, 32, 33, 22, 23, 32, 33, 22, 23, 32, 33);
  expect(putPixels(canvas, own, pixels, 2)).toBe(false);
  pixels[11] = 34;
  expect(putPixels(canvas, own, pixels, 2)).toBe(true);
});
