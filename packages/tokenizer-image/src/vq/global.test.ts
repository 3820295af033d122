import type { Graph, ImageDelta } from '@any-to-any/core';
import { drain, expectCode, iterate } from '@any-to-any/core/testing';
import { beforeAll, expect, test } from 'vitest';
import { counted, fixtureGraph, someIds } from '../fixtures.test.kit.ts';
import { joinImage } from '../join.ts';
import { rgbaOf } from '../picture/fit.ts';
import type { Previews } from './decode.ts';
import { fillGrid } from './filling.ts';
import { decodeGlobally, guess } from './global.ts';
import { type IdGrid, runDecoder } from './region.ts';

let graph: Graph;
beforeAll(async () => {
  graph = await fixtureGraph('image-decode.onnx');
});

const settings = (use = graph, previews: Previews = 'draft', every = 16) => ({
  graph: use,
  size: 64,
  factor: 8,
  every,
  previews,
});
const shapeOf = ({ rows, columns }: IdGrid) => ({ kind: 'grid', rows, columns }) as const;
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

/** Waits before every id of `slow`, so that a preview can finish. */
async function* source(ids: Iterable<number>, slow: readonly number[]): AsyncGenerator<number> {
  let index = 0;
  for (const id of ids) {
    if (slow.includes(index++)) for (let i = 0; i < 10; i++) await pause();
    yield id;
  }
}

async function pixelsOf(grid: IdGrid): Promise<Uint8Array> {
  const full = await runDecoder(graph, grid);
  return rgbaOf(full, 0, 0, full.width, full.height);
}

test('by hand: what is missing repeats what lies above it', () => {
  const filling = fillGrid({ kind: 'grid', rows: 3, columns: 3 }, 1, 64);
  for (const id of [1, 2, 3, 4]) filling.put(id);
  expect([...guess(filling).ids]).toEqual([1, 2, 3, 4, 4, 4, 4, 4, 4]);
  filling.put(5);
  filling.put(6);
  expect([...guess(filling).ids]).toEqual([1, 2, 3, 4, 5, 6, 4, 5, 6]);
});

test('previews of the whole picture while ids come, then the decode of all ids', async () => {
  const grid = someIds(8, 6);
  const deltas = await drain(
    decodeGlobally(source(grid.ids, [17, 40]), { shape: shapeOf(grid) }, settings()),
  );
  const frame = {
    modality: 'image',
    width: 48,
    height: 64,
    rectangle: { x: 0, y: 0, width: 48, height: 64 },
  };
  for (const delta of deltas) expect(delta).toMatchObject(frame);
  expect(deltas.map(({ revision, sigma }) => [revision, sigma])).toEqual([
    [0, 1 - 16 / 48],
    [1, 1 - 32 / 48],
    [2, 0],
  ]);
  const filling = fillGrid(shapeOf(grid), 1, 64);
  for (const id of grid.ids.subarray(0, 16)) filling.put(id);
  expect(deltas[0]!.data).toEqual(await pixelsOf(guess(filling)));
  expect(deltas[2]!.data).toEqual(await pixelsOf(grid));
  expect([...deltas[2]!.ids!]).toEqual([...grid.ids]);
  expect(joinImage(deltas).data).toEqual(deltas[2]!.data);
});

test('no previews where ids are there already, nor where none are wanted', async () => {
  const grid = someIds(8, 6);
  const run = (slow: readonly number[], previews: Previews) =>
    drain(decodeGlobally(source(grid.ids, slow), { shape: shapeOf(grid) }, settings(graph, previews)));
  for (const deltas of [await run([], 'draft'), await run([17, 40], 'exact')]) {
    expect(deltas.at(-1)).toMatchObject({ sigma: 0 });
    expect(deltas.filter(({ sigma }) => sigma === 0)).toHaveLength(1);
  }
  expect(await run([17, 40], 'exact')).toHaveLength(1);
});

test('one preview at a time, and none while the consumer has not taken the last', async () => {
  const grid = someIds(8, 8);
  let running = 0;
  let most = 0;
  const watched: Graph = {
    ...graph,
    async run(feeds, signal) {
      most = Math.max(most, ++running);
      await pause();
      try {
        return await graph.run(feeds, signal);
      } finally {
        running--;
      }
    },
  };
  const decoded = decodeGlobally(
    source(
      grid.ids,
      Array.from(grid.ids, (_, index) => index),
    ),
    { shape: shapeOf(grid) },
    settings(watched, 'draft', 1),
  );
  const seen: ImageDelta[] = [];
  for await (const delta of decoded) {
    expect(running).toBe(0);
    seen.push(delta);
    if (seen.length === 2) break;
  }
  expect([most, running]).toEqual([1, 0]);
}, 60_000);

test('the last id stops a preview that is under way', async () => {
  const grid = someIds(4, 4);
  let stopped = 0;
  const slow: Graph = {
    ...graph,
    async run(feeds, signal) {
      await pause();
      if (signal?.aborted) stopped++;
      return graph.run(feeds, signal);
    },
  };
  const deltas = await drain(
    decodeGlobally(iterate(grid.ids), { shape: shapeOf(grid) }, settings(slow, 'draft', 15)),
  );
  expect([deltas.length, stopped]).toEqual([1, 1]);
  expect(deltas[0]!.data).toEqual(await pixelsOf(grid));
});

test('refuses ids that are no ids, too few and too many, and other factors', async () => {
  const grid = someIds(4, 4);
  const ids = [...grid.ids];
  const run =
    (given: readonly number[], factor = 8) =>
    () =>
      drain(decodeGlobally(iterate(given), { shape: shapeOf(grid) }, { ...settings(), factor }));
  for (const id of [64, -1, 0.5, Number.NaN]) {
    await expectCode(run([...ids.slice(0, 7), id]), 'ID_OUT_OF_RANGE');
  }
  await expectCode(run(ids.slice(1)), 'SHAPE_MISMATCH');
  await expectCode(run([...ids, 0]), 'SHAPE_MISMATCH');
  await expectCode(run(ids, 16), 'SHAPE_MISMATCH');
});

test('passes on the error of a preview, and of the source of ids', async () => {
  const grid = someIds(8, 6);
  const broken: Graph = { ...graph, run: () => Promise.reject(new Error('no memory')) };
  const options = { shape: shapeOf(grid) };
  const run = drain(decodeGlobally(source(grid.ids, [17]), options, settings(broken)));
  await expect(run).rejects.toThrow('no memory');
  const failing = async function* () {
    yield* grid.ids.subarray(0, 20);
    throw new Error('no more');
  };
  await expect(drain(decodeGlobally(failing(), options, settings()))).rejects.toThrow('no more');
});

test('stops when the signal fires and when the consumer leaves; the source is closed', async () => {
  const grid = someIds(8, 6);
  const watched = counted(graph);
  const controller = new AbortController();
  let closed = 0;
  const ids = async function* () {
    try {
      yield* source(grid.ids, [17, 40]);
    } finally {
      closed++;
    }
  };
  const aborted = async () => {
    const options = { shape: shapeOf(grid), signal: controller.signal };
    for await (const _ of decodeGlobally(ids(), options, settings(watched))) controller.abort();
  };
  await expectCode(aborted, 'ABORTED');
  expect([closed, watched.windows.length]).toEqual([1, 1]);
  for await (const _ of decodeGlobally(ids(), { shape: shapeOf(grid) }, settings())) break;
  expect(closed).toBe(2);
});
