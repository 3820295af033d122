import type { Graph } from '@any-to-any/core';
import { expectCode } from '@any-to-any/core/testing';
import { beforeAll, expect, test } from 'vitest';
import { fixtureGraph, golden, someIds } from '../fixtures.test.kit.ts';
import type { Planar } from '../picture/fit.ts';
import { decodeRegion, type IdGrid, type Region, runDecoder } from './region.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await fixtureGraph('image-decode.onnx');
});

/** The largest difference between a region's pixels and the same pixels of the full decode. */
function difference(full: Planar, part: Planar, region: Region): number {
  let largest = 0;
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < part.height; y++) {
      for (let x = 0; x < part.width; x++) {
        const there = (channel * full.height + region.row * 8 + y) * full.width + region.column * 8 + x;
        const here = (channel * part.height + y) * part.width + x;
        largest = Math.max(largest, Math.abs(full.data[there]! - part.data[here]!));
      }
    }
  }
  return largest;
}

function* regionsOf({ rows, columns }: IdGrid, step: number): Generator<Region> {
  for (let row = 0; row < rows; row += step) {
    for (let column = 0; column < columns; column += step) {
      for (let down = step; row + down <= rows; down += step) {
        for (let across = step; column + across <= columns; across += step) {
          yield { row, column, rows: down, columns: across };
        }
      }
    }
  }
}

test('the full decode equals what PyTorch decoded', async () => {
  const { ids, decoded } = golden();
  const full = await runDecoder(graph, { ids: Int32Array.from(ids), rows: 8, columns: 8 });
  expect([full.width, full.height]).toEqual([64, 64]);
  expect(
    difference(full, { width: 64, height: 64, data: decoded }, { row: 0, column: 0, rows: 8, columns: 8 }),
  ).toBeLessThan(1e-5);
});

test.each([
  [4, 4, 1],
  [5, 7, 1],
  [8, 8, 2],
  [2, 12, 1],
  [16, 10, 4],
  [14, 18, 6],
])(
  'every region of %i × %i ids (steps of %i) equals the crop of the full decode',
  async (rows, columns, step) => {
    const grid = someIds(rows, columns);
    const full = await runDecoder(graph, grid);
    for (const region of regionsOf(grid, step)) {
      const part = await decodeRegion(graph, grid, region, 4);
      expect([part.width, part.height]).toEqual([region.columns * 8, region.rows * 8]);
      expect(difference(full, part, region), JSON.stringify(region)).toBeLessThan(1e-5);
    }
  },
);

test('a halo of 3 ids is not enough: the receptive field is as wide as said', async () => {
  const grid = someIds(12, 12);
  const region = { row: 5, column: 5, rows: 2, columns: 2 };
  expect(
    difference(await runDecoder(graph, grid), await decodeRegion(graph, grid, region, 3), region),
  ).toBeGreaterThan(1e-3);
});

test('refuses regions outside the grid and graphs of another kind', async () => {
  const grid = someIds(4, 4);
  for (const [row, column, rows, columns] of [
    [-1, 0, 2, 2],
    [0, 0, 5, 1],
    [3, 3, 1, 2],
    [0, 0, 0, 1],
    [Number.NaN, 0, 1, 1],
  ] as const) {
    await expectCode(() => decodeRegion(graph, grid, { row, column, rows, columns }, 4), 'SHAPE_MISMATCH');
  }
  const giving = (dims: readonly number[], length: number): Graph => ({
    ...graph,
    run: async () => ({ pixels: { data: new Float32Array(length), dims } }),
  });
  await expectCode(() => runDecoder(giving([1, 1, 32, 32], 1024), grid), 'SHAPE_MISMATCH');
  await expectCode(() => runDecoder(giving([1, 3, 32, 16], 1536), grid), 'SHAPE_MISMATCH');
  await expectCode(() => runDecoder({ ...graph, run: async () => ({}) }, grid), 'SHAPE_MISMATCH');
});
