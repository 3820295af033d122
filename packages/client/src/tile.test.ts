import type { ImageDelta } from '@any-to-any/core';
import { expect, it } from 'vitest';
import { PictureBuilder } from './picture.ts';
import { placeTile } from './tile.ts';

/** The right half of a picture of 2 × 1, at `scale`, in one grey. */
const patch = (grey: number, scale = 1, revision = 0): ImageDelta => ({
  modality: 'image',
  width: 2 * scale,
  height: scale,
  rectangle: { x: scale, y: 0, width: scale, height: scale },
  data: new Uint8Array(4 * scale * scale).fill(grey),
  revision,
  sigma: 0,
});

it('moves a patch to where its tile lies, by hand', () => {
  const placed = placeTile(patch(7), { row: 1, column: 2, rows: 2, columns: 3 });
  expect(placed).toEqual({
    ...patch(7),
    width: 6,
    height: 2,
    rectangle: { x: 5, y: 1, width: 1, height: 1 },
  });
});

it('makes one picture of tiles, whichever comes first and however large', () => {
  const tiles = [0, 1].flatMap((row) => [0, 1].map((column) => ({ row, column, rows: 2, columns: 2 })));
  const patches = tiles.flatMap((tile, index) => [
    placeTile(patch(index + 1), tile),
    placeTile(patch(10 * (index + 1), 2, 1), tile),
  ]);
  for (const order of [patches, [...patches].reverse()]) {
    const picture = new PictureBuilder();
    for (const one of order) picture.add(one);
    expect([picture.width, picture.height, picture.cells.length]).toEqual([8, 4, 4]);
    const grey = (x: number, y: number): number => picture.data[(y * 8 + x) * 4]!;
    expect([grey(2, 0), grey(6, 1), grey(3, 2), grey(7, 3)]).toEqual([10, 20, 30, 40]);
  }
});

it.each([
  { row: 2, column: 0, rows: 2, columns: 2 },
  { row: 0, column: -1, rows: 2, columns: 2 },
  { row: 0, column: 0.5, rows: 1, columns: 1 },
])('refuses a tile outside: %o', (tile) => {
  expect(() => placeTile(patch(1), tile)).toThrow(/^OPTION_INVALID/);
});
