import { setTimeout as sleep } from 'node:timers/promises';
import type { Delta, Graph, ImageDelta } from '@any-to-any/core';
import { drain, expectCode } from '@any-to-any/core/testing';
import { expect, test } from 'vitest';
import { patchesOf, somePicture } from '../fixtures.test.kit.ts';
import { counted, many } from '../source.test.kit.ts';
import { upsamplerAdapter } from './adapter.ts';
import { fakeUpsampler, upsampler, upsamplerGraph } from './fixtures.test.kit.ts';

const shape = { kind: 'grid', rows: 8, columns: 8 } as const;
const adapt = (graph: Graph, source: AsyncIterable<Delta>, signal?: AbortSignal) =>
  upsamplerAdapter({ options: upsampler, graph }).adapt(source, { shape, signal });

test('the first tiles are finished while patches are still coming', async () => {
  const { graph } = fakeUpsampler();
  const { seen, source } = counted(many());
  let pulledAtFirst = 0;
  for await (const delta of adapt(graph, source))
    if ((delta as ImageDelta).sigma === 0) pulledAtFirst ||= seen.pulled;
  expect(pulledAtFirst).toBeLessThan(40); // two rows of patches are 24
  expect(seen.pulled).toBe(144);
});

test('no more is pulled while tiles wait, and a consumer that does not pull is not worked for', async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { graph, sizes } = fakeUpsampler(() => held);
  const { seen, source } = counted(many());
  const all = drain(adapt(graph, source));
  await sleep(50);
  expect(seen.pulled).toBeLessThan(40);
  release();
  await all;
  expect(sizes.length).toBe(24 * 24);

  const lazy = counted(many());
  const adapted = adapt(fakeUpsampler().graph, lazy.source)[Symbol.asyncIterator]();
  await adapted.next();
  await sleep(20);
  expect(lazy.seen.pulled).toBeLessThanOrEqual(2);
  await adapted.return?.();
  expect(lazy.seen.left).toBe(true);
});

test('stops within a run when it is aborted, and leaves the source', async () => {
  const stop = new AbortController();
  const { graph } = fakeUpsampler(
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
  await expectCode(() => drain(adapt(graph, counted(many()).source, AbortSignal.abort())), 'ABORTED');
});

test('a result of what has changed meanwhile is not sent', async () => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { graph, sizes } = fakeUpsampler(() => held);
  const source = async function* (): AsyncGenerator<Delta> {
    yield* patchesOf(somePicture(16, 16), 1, 0);
    await sleep(20);
    yield* patchesOf(somePicture(16, 16, 2), 2, 0);
    await sleep(20);
    release();
  };
  const sent = await drain(adapt(graph, source()));
  const final = sent.filter((delta) => (delta as ImageDelta).sigma === 0) as ImageDelta[]; // a picture went in
  expect([final.length, sizes.length]).toEqual([1, 2]);
  expect(final[0]!.data.subarray(0, 3)).toEqual(somePicture(16, 16, 2).data.subarray(0, 3));
});

test('what source and graph throw arrives as it is', async () => {
  const broken = async function* (): AsyncGenerator<Delta> {
    yield* patchesOf(somePicture(64, 64), 0, 0.5).slice(0, 3);
    throw new RangeError('the decoder failed');
  };
  await expect(drain(adapt(fakeUpsampler().graph, broken()))).rejects.toThrow('the decoder failed');
  const failing: Graph = {
    ...fakeUpsampler().graph,
    run: () => Promise.reject(new RangeError('the graph failed')),
  };
  const { seen, source } = counted(many());
  await expect(drain(adapt(failing, source))).rejects.toThrow('the graph failed');
  expect(seen.left).toBe(true);
});

test('foreign deltas keep their place, and the event loop stays free', async () => {
  const foreign = { modality: 'smell' };
  const { source } = counted([foreign, ...many(), foreign]);
  let ticks = 0;
  const clock = setInterval(() => ticks++, 1);
  const sent = await drain(adapt(await upsamplerGraph(), source));
  clearInterval(clock);
  expect(sent[0]).toBe(foreign);
  expect(sent.filter((delta) => delta === foreign).length).toBe(2);
  expect(ticks).toBeGreaterThan(20);
});
