import { expect, test } from 'vitest';
import { shared, tilesOf } from './tiles.ts';

test('200 × 100 px in tiles of 64 that see 32 around: four in a row', () => {
  const tiles = tilesOf(200, 100, { tile: 64, overlap: 32 });
  expect(tiles.map(({ inner, outer }) => [inner.x, inner.width, outer.x, outer.width])).toEqual([
    [0, 64, 0, 96],
    [64, 64, 32, 128],
    [128, 64, 96, 104],
    [192, 8, 160, 40],
  ]);
  for (const { inner, outer } of tiles) {
    expect([inner.y, inner.height, outer.y, outer.height]).toEqual([0, 100, 0, 100]); // one tile sees all 100
  }
});

test.each([
  [64, 64],
  [129, 128],
  [5, 300],
])('tiles of %s × %s px lie side by side and see only the picture', (width, height) => {
  const times = new Uint8Array(width * height);
  for (const { inner, outer } of tilesOf(width, height, { tile: 16, overlap: 8 })) {
    expect(shared(inner, outer)).toEqual(inner);
    expect(shared(outer, { x: 0, y: 0, width, height })).toEqual(outer);
    for (let y = inner.y; y < inner.y + inner.height; y++)
      for (let x = inner.x; x < inner.x + inner.width; x++) times[y * width + x]!++;
  }
  expect(times.every((each) => each === 1)).toBe(true);
});

test('what two rectangles share', () => {
  const square = { x: 4, y: 4, width: 4, height: 4 };
  expect(shared(square, { x: 6, y: 0, width: 9, height: 6 })).toEqual({ x: 6, y: 4, width: 2, height: 2 });
  expect(shared(square, { x: 8, y: 4, width: 4, height: 4 })).toBeUndefined();
});
