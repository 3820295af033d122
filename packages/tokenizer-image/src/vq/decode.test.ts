import { cellOf, type Graph, type ImageDelta } from '@any-to-any/core';
import { drain, expectCode, iterate } from '@any-to-any/core/testing';
import { beforeAll, expect, test } from 'vitest';
import { counted, fixtureGraph, someIds } from '../fixtures.test.kit.ts';
import { joinImage } from '../join.ts';
import { rgbaOf } from '../picture/fit.ts';
import { decodeIds, type Previews } from './decode.ts';
import { cutIds, type IdGrid, runDecoder } from './region.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await fixtureGraph('image-decode.onnx');
});

const settings = (previews: Previews, use = graph) => ({
  graph: use,
  size: 64,
  factor: 8,
  block: 2,
  halo: 4,
  previews,
});

/** The ids of a grid in the order in which they are generated: raster over 2 × 2 blocks. */
function ordered({ ids, rows, columns }: IdGrid): number[] {
  return Array.from({ length: rows * columns }, (_, index) => {
    const cell = cellOf(index, columns, 2);
    return ids[cell.row * columns + cell.column]!;
  });
}

const shapeOf = ({ rows, columns }: IdGrid) => ({ kind: 'grid', rows, columns }) as const;

function decode(grid: IdGrid, previews: Previews, use = graph): Promise<ImageDelta[]> {
  return drain(decodeIds(iterate(ordered(grid)), { shape: shapeOf(grid) }, settings(previews, use)));
}

test('patches tell the ids under them, rows from the top', async () => {
  const grid = someIds(4, 12);
  const deltas = await decode(grid, 'draft');
  for (const { rectangle, ids } of deltas) {
    const region = { row: rectangle.y / 8, column: rectangle.x / 8, rows: 2, columns: 2 };
    expect([...ids!]).toEqual([...cutIds(grid, region).ids]);
  }
});

/** The largest difference in 8-bit levels. */
function levels(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index]!)), 0);
}

test.each([
  [8, 8],
  [2, 2],
  [4, 12],
  [16, 16],
  [14, 6],
])('patches of %i × %i ids join to the full decode, with and without drafts', async (rows, columns) => {
  const grid = someIds(rows, columns);
  const full = await runDecoder(graph, grid);
  const expected = rgbaOf(full, 0, 0, full.width, full.height);
  for (const previews of ['draft', 'exact'] as const) {
    const deltas = await decode(grid, previews);
    const image = joinImage(deltas);
    expect([image.width, image.height]).toEqual([columns * 8, rows * 8]);
    // Both are rounded to 8 bits, so a difference of 1e-6 may become one level.
    expect(levels(image.data, expected)).toBeLessThanOrEqual(1);
    const exact = deltas.filter((delta) => delta.sigma === 0);
    expect(exact.length).toBe((rows * columns) / 4);
    expect(levels(joinImage(exact).data, expected)).toBeLessThanOrEqual(1);
    expect(deltas.length - exact.length).toBe(previews === 'draft' ? (rows * columns) / 4 - 1 : 0);
  }
});

test('by hand, 8 × 8 ids: each block as it comes, the first row after 48 ids, the rest at the end', async () => {
  const grid = someIds(8, 8);
  let come = 0;
  const ids = async function* () {
    for (const id of ordered(grid)) {
      come++;
      yield id;
    }
  };
  const seen: string[] = [];
  for await (const delta of decodeIds(ids(), { shape: shapeOf(grid) }, settings('draft'))) {
    expect(delta).toMatchObject({ modality: 'image', width: 64, height: 64 });
    expect(delta.data.length).toBe(16 * 16 * 4);
    expect(delta.rectangle).toMatchObject({ width: 16, height: 16 });
    seen.push(`${come}: ${delta.rectangle.x},${delta.rectangle.y} r${delta.revision} s${delta.sigma}`);
  }
  const block = (index: number) => `${(index % 4) * 16},${Math.floor(index / 4) * 16}`;
  const drafts = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => `${(from + i) * 4 + 4}: ${block(from + i)} r0 s0.5`);
  const exact = (come: number, from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => `${come}: ${block(from + i)} r1 s0`);
  expect(seen).toEqual([...drafts(0, 12), ...exact(48, 0, 4), ...drafts(12, 15), ...exact(64, 4, 16)]);
});

test('a draft is the decode of what is known: the block and one id above and to its left', async () => {
  const grid = someIds(8, 8);
  const [, , , , , second] = await decode(grid, 'draft'); // block row 1, column 1
  const window = await runDecoder(graph, cutIds(grid, { row: 1, column: 1, rows: 3, columns: 3 }));
  expect(second?.rectangle).toMatchObject({ x: 16, y: 16 });
  expect(second?.data).toEqual(rgbaOf(window, 8, 8, 16, 16));
});

test('the work stays within its budget', async () => {
  for (const [side, runs] of [
    [8, 15 + 2],
    [16, 63 + 2],
  ] as const) {
    const watched = counted(graph);
    await decode(someIds(side, side), 'draft', watched);
    expect(watched.windows.length).toBe(runs);
    const ids = watched.windows.reduce((sum, window) => sum + window, 0);
    expect(ids / (side * side)).toBeLessThanOrEqual(3.75);
  }
});

test('refuses ids that are no ids, too few and too many, and works afterwards', async () => {
  const grid = someIds(4, 4);
  const ids = ordered(grid);
  const run = (given: readonly number[]) => () =>
    drain(decodeIds(iterate(given), { shape: shapeOf(grid) }, settings('draft')));
  for (const id of [64, -1, 0.5, Number.NaN]) {
    await expectCode(run([...ids.slice(0, 7), id]), 'ID_OUT_OF_RANGE');
  }
  await expectCode(run(ids.slice(1)), 'SHAPE_MISMATCH');
  await expectCode(run([]), 'SHAPE_MISMATCH');
  await expectCode(run([...ids, 0]), 'SHAPE_MISMATCH');
  await expectCode(
    () => drain(decodeIds(iterate(ids), { shape: { kind: 'line' } }, settings('draft'))),
    'SHAPE_MISMATCH',
  );
  await expectCode(
    () => drain(decodeIds(iterate(ids), { shape: shapeOf(grid) }, { ...settings('draft'), factor: 16 })),
    'SHAPE_MISMATCH',
  );
  expect((await run(ids)()).length).toBe(3 + 4);
});

test('stops within one run of the graph when the signal fires', async () => {
  const grid = someIds(8, 8);
  const controller = new AbortController();
  const watched = counted(graph);
  let patches = 0;
  const run = async () => {
    const options = { shape: shapeOf(grid), signal: controller.signal };
    for await (const _ of decodeIds(iterate(ordered(grid)), options, settings('draft', watched))) {
      if (++patches === 3) controller.abort();
    }
  };
  await expectCode(run, 'ABORTED');
  expect([patches, watched.windows.length]).toEqual([3, 3]);
});
