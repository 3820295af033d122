/** The stage that is shipped, from the bundle of the default model: what holds for any network holds for this one. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Delta, Graph, ImageDelta, Manifest } from '@any-to-any/core';
import { drain, iterate } from '@any-to-any/core/testing';
import { beforeAll, expect, test } from 'vitest';
import { denoiseAdapter } from './adapter.ts';
import {
  exactOf,
  expectSame,
  fixtureGraph,
  joined,
  patchesOf,
  randomOf,
  somePicture,
  streamed,
  wholePicture,
  wholePlanes,
} from './fixtures.test.kit.ts';
import type { PatchesOptions } from './options.ts';

const bundle = (file: string): string =>
  fileURLToPath(new URL(`../../model-emoji/bundle/${file}`, import.meta.url));
const shape = { kind: 'grid', rows: 8, columns: 8 } as const;

let graph: Graph;
let options: PatchesOptions;
beforeAll(async () => {
  // The bundle's own manifest: what core checks whenever it opens one.
  const manifest = JSON.parse(await readFile(bundle('manifest.json'), 'utf8')) as Manifest;
  options = manifest.ports['image']!.adapters![0]!.options as unknown as PatchesOptions; // the plugin checks them
  graph = await fixtureGraph(bundle(options.graph));
});

async function adapt(
  deltas: readonly Delta[],
  changes: Partial<PatchesOptions>,
  through: Graph = graph,
): Promise<ImageDelta[]> {
  const adapter = denoiseAdapter({ ...options, stop: 0, ...changes }, through);
  return (await drain(adapter.adapt(iterate(deltas), { shape }))) as ImageDelta[]; // pictures went in
}

test('every patch comes to what the whole picture comes to, before rounding', async () => {
  const found = new Map<string, Float32Array>();
  const recording: Graph = {
    ...graph,
    async run(feeds, signal) {
      const outputs = await graph.run(feeds, signal);
      const large = outputs['twofold']!.data as Float32Array; // the graph says float32
      const places = feeds['place']!.data;
      for (const [row, patch] of (feeds['double']!.data as Int32Array).entries()) {
        // The adapter hands in whole numbers.
        const place = `${places[2 * patch]} ${places[2 * patch + 1]}`;
        found.set(place, large.slice(row * 3072, (row + 1) * 3072));
      }
      return outputs;
    },
  };
  const whole = await wholePlanes(graph, exactOf(64, 48), 2, options);
  for (const delay of [0, 0.25, 3]) {
    found.clear();
    await adapt(streamed(64, 48), { scale: 2, delay }, recording);
    expect(found.size).toBe(12);
    let largest = 0;
    for (const [place, large] of found) {
      const [row, column] = place.split(' ').map(Number) as [number, number];
      for (let at = 0; at < 3072; at++) {
        const [channel, y, x] = [Math.floor(at / 1024), Math.floor(at / 32) % 32, at % 32];
        const expected = whole(channel, 32 * row + y, 32 * column + x);
        largest = Math.max(largest, Math.abs(large[at]! - expected));
      }
    }
    expect(largest).toBeLessThan(1e-4);
  }
});

test.each([1, 2, 4] as const)(
  'in any order, with stale patches late, the picture is the same: × %i',
  async (scale) => {
    const expected = await wholePicture(graph, exactOf(64, 64), scale, options);
    for (let seed = 1; seed <= 2; seed++) {
      const random = randomOf(seed);
      const order = streamed(64, 64)
        .map((delta) => ({ delta, at: random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ delta }) => delta);
      const stale = patchesOf(somePicture(64, 64, 8), 0, 0.5);
      expectSame(joined(await adapt([...order, ...stale], { scale })), expected);
    }
  },
);

test('a plain picture stops early, and stopping changes no pixel by more than a few levels', async () => {
  const plain = { ...exactOf(64, 64), data: new Uint8Array(64 * 64 * 4).fill(200) };
  const steps: number[] = [];
  const counting: Graph = {
    ...graph,
    run(feeds, signal) {
      steps.push(feeds['sigma']!.data.length);
      return graph.run(feeds, signal);
    },
  };
  const run = async (stop: number): Promise<{ picture: Uint8Array; calls: number }> => {
    steps.length = 0;
    const picture = joined(await adapt(patchesOf(plain, 0, 0), { scale: 1, stop }, counting));
    return { picture, calls: steps.reduce((sum, each) => sum + each, 0) };
  };
  const [all, some] = [await run(0), await run(4)];
  expect(all.calls).toBe(16 * options.schedule.steps);
  expect(some.calls).toBeLessThan(all.calls);
  const worst = all.picture.reduce((most, value, i) => Math.max(most, Math.abs(value - some.picture[i]!)), 0);
  expect(worst).toBeLessThanOrEqual(8);
});
