import { setTimeout as sleep } from 'node:timers/promises';
import type { Delta, Graph, ImageDelta } from '@any-to-any/core';
import { drain, expectCode, iterate } from '@any-to-any/core/testing';
import { expect, test } from 'vitest';
import { denoiseAdapter } from './adapter.ts';
import { fakeGraph, fixtureGraph, options, patchesOf, somePicture } from './fixtures.test.kit.ts';
import { counted, many } from './source.test.kit.ts';

const shape = { kind: 'grid', rows: 8, columns: 8 } as const;
const adapt = (graph: Graph, source: AsyncIterable<Delta>, signal?: AbortSignal) =>
  denoiseAdapter({ ...options, inFlight: 4 }, graph).adapt(source, { shape, signal });

test('a consumer that does not pull is not worked for', async () => {
  const { graph, steps } = fakeGraph();
  const { seen, source } = counted(many());
  const adapted = adapt(graph, source)[Symbol.asyncIterator]();
  await adapted.next();
  await sleep(20);
  const before = [seen.pulled, steps.length];
  await sleep(20);
  expect([seen.pulled, steps.length]).toEqual(before);
  expect(seen.pulled).toBeLessThanOrEqual(2);
  await adapted.return?.();
  expect(seen.left).toBe(true);
});

test('no more is pulled while enough is ready, and calls are no larger than asked for', async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { graph, steps } = fakeGraph(() => held);
  const { seen, source } = counted(many());
  const all = drain(adapt(graph, source));
  await sleep(50);
  expect(seen.pulled).toBeLessThan(60); // two rows of twelve have to come before the first patch is due
  release();
  const sent = await all;
  expect(Math.max(...steps.map((batch) => batch.length))).toBe(4);
  expect(sent.length).toBeGreaterThanOrEqual(2 * 144);
});

test('the next delta is awaited while the refiner runs', async () => {
  const { graph } = fakeGraph(() => sleep(30));
  const order: string[] = [];
  const logged: Graph = {
    ...graph,
    run: async (feeds) => {
      order.push('begin');
      const result = await graph.run(feeds);
      order.push('end');
      return result;
    },
  };
  const source = async function* (): AsyncGenerator<Delta> {
    for (const delta of patchesOf(somePicture(64, 64), 0, 0.5)) {
      order.push('delta');
      yield delta;
    }
  };
  await drain(adapt(logged, source()));
  expect(order.slice(order.indexOf('begin'), order.indexOf('end'))).toContain('delta');
});

test('stops within a call when it is aborted, and leaves the source', async () => {
  const stop = new AbortController();
  const { graph } = fakeGraph(
    (signal) =>
      new Promise((_, reject) =>
        signal?.addEventListener('abort', () => reject(new Error('the graph stopped'))),
      ),
  );
  const { seen, source } = counted(many());
  const all = drain(adapt(graph, source, stop.signal));
  await sleep(20);
  stop.abort(new Error('enough'));
  await expectCode(() => all, 'ABORTED');
  expect(seen.left).toBe(true);
  const gone = counted(many());
  await expectCode(() => drain(adapt(graph, gone.source, AbortSignal.abort())), 'ABORTED');
});

test('leaving in the middle stops the call that runs', async () => {
  let stopped = false;
  const { graph } = fakeGraph((signal) => {
    signal?.addEventListener('abort', () => {
      stopped = true;
    });
    return sleep(10);
  });
  const { seen, source } = counted(many());
  let count = 0;
  for await (const _ of adapt(graph, source)) if (++count === 40) break;
  expect([stopped, seen.left]).toEqual([true, true]);
});

test('a result of what has changed meanwhile is not sent', async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { graph } = fakeGraph(() => held);
  const source = async function* (): AsyncGenerator<Delta> {
    yield* patchesOf(somePicture(16, 16), 1, 0);
    await sleep(20);
    yield* patchesOf(somePicture(16, 16, 2), 2, 0);
    await sleep(20);
    release();
  };
  const stop = { ...options, stop: 1 };
  const sent = await drain(denoiseAdapter(stop, graph).adapt(source(), { shape }));
  const final = sent.filter((delta) => (delta as ImageDelta).sigma === 0) as ImageDelta[]; // a picture went in
  expect(final.map(({ data }) => data)).toEqual([somePicture(16, 16, 2).data]);
});

test('what source and graph throw arrives as it is', async () => {
  const { graph } = fakeGraph();
  const broken = async function* (): AsyncGenerator<Delta> {
    yield* patchesOf(somePicture(64, 64), 0, 0.5).slice(0, 3);
    throw new RangeError('the decoder failed');
  };
  await expect(drain(adapt(graph, broken()))).rejects.toThrow('the decoder failed');
  const failing: Graph = { ...graph, run: () => Promise.reject(new RangeError('the graph failed')) };
  const { seen, source } = counted(many());
  await expect(drain(adapt(failing, source))).rejects.toThrow('the graph failed');
  expect(seen.left).toBe(true);
  const other: Graph = { ...graph, run: async () => ({}) };
  await expectCode(() => drain(adapt(other, iterate(many()))), 'SHAPE_MISMATCH');
});

test('foreign deltas keep their place, and a picture of many patches leaves the event loop free', async () => {
  const foreign = { modality: 'smell' };
  const deltas = [foreign, ...patchesOf(somePicture(192, 192), 0, 0), foreign];
  let ticks = 0;
  const clock = setInterval(() => ticks++, 1);
  const sent = await drain(adapt(await fixtureGraph(), iterate(deltas)));
  clearInterval(clock);
  expect(sent[0]).toBe(foreign);
  expect(sent.filter((delta) => delta === foreign).length).toBe(2);
  expect(ticks).toBeGreaterThan(20);
});
