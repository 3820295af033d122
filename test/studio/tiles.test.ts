/**
 * Pictures and tiles of 256 ids at once: they share the engine's steps and the denoiser, land on one canvas in any
 * order, and come out as if each had been made alone. The default model's bundle, with a larger grid allowed.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, PictureBuilder, placeTile } from '@any-to-any/client';
import {
  createPipeline,
  type Event,
  type ImageContent,
  type ImageDelta,
  type Pipeline,
  type Request,
} from '@any-to-any/core';
import { type Studio, startStudio } from '@any-to-any/studio';
import { joinImage } from '@any-to-any/tokenizer-image';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { stagePlugins } from './stage.test.kit.ts';
import { model } from './studio.test.kit.ts';

const tiles = [0, 1].map((column) => ({ row: 0, column, rows: 1, columns: 2 }));
const pictures = [10, 20];

let directory: string;
let pipeline: Pipeline;
let studio: Studio;
/** Answers that are under way, and the most there were. */
let [active, together] = [0, 0];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'any-to-any-tiles-'));
  const bundle = join(directory, 'bundle');
  await cp(model, bundle, { recursive: true });
  const manifest = JSON.parse(await readFile(join(bundle, 'manifest.json'), 'utf8'));
  manifest.ports.image.tokenizer.options.grids = [[16, 16]];
  await writeFile(join(bundle, 'manifest.json'), JSON.stringify(manifest));
  await writeFile(join(directory, 'index.html'), '<!doctype html>');
  pipeline = await createPipeline({ model: bundle, plugins: stagePlugins() });
  async function* stream(request: Request): AsyncGenerator<Event> {
    together = Math.max(together, ++active);
    try {
      yield* pipeline.stream(request);
    } finally {
      active--;
    }
  }
  studio = await startStudio({ pipeline: { ...pipeline, stream }, page: directory });
}, 300_000);
afterAll(async () => {
  await studio?.close();
  await pipeline?.close();
  await rm(directory, { recursive: true });
});

/** What a tile is asked with; guidance off, for half the rows. */
const ask = (seed: number) => ({
  content: ['a red apple'],
  to: 'image',
  seed,
  options: { image: { guidance: 1 } },
});
const isPatch = (event: Event) => event.type === 'segment-delta';
const patchOf = (event: Event): ImageDelta => (event as { delta: unknown }).delta as ImageDelta; // `to: 'image'`

it('two pictures of two tiles each, all at once, on one connection', async () => {
  const client = connect({ url: studio.socketUrl, open: (url) => new WebSocket(url) });
  const drawn = await Promise.all(
    pictures.map(async (first) => {
      const picture = new PictureBuilder();
      const sent: ImageDelta[] = [];
      await Promise.all(
        tiles.map(async (tile, index) => {
          for await (const event of client.generate(ask(first + index))) {
            if (!isPatch(event)) continue;
            const patch = placeTile(patchOf(event), tile);
            picture.add(patch);
            sent.push(patch);
          }
        }),
      );
      return { picture, sent };
    }),
  );
  client.close();
  expect(together).toBe(pictures.length * tiles.length);

  for (const [index, { picture, sent }] of drawn.entries()) {
    // 16 × 16 ids of 8 pixels, enlarged twice, two side by side.
    expect([picture.width, picture.height]).toEqual([512, 256]);
    expect(new Set(sent.map(({ revision }) => revision)).size).toBeGreaterThan(2);
    // Any order, and without the patches that were stale anyway, it is the same picture.
    const last = new Map(sent.map((patch) => [JSON.stringify(patch.rectangle) + patch.width, patch]));
    const shuffled = [...sent.filter((_, at) => at % 2 === 1), ...sent.filter((_, at) => at % 2 === 0)];
    for (const order of [shuffled, [...sent].reverse(), [...last.values()]]) {
      expect(Buffer.compare(joinImage(order).data, picture.data)).toBe(0);
    }
    // Alone, a tile is the same.
    const alone: ImageDelta[] = [];
    for await (const event of pipeline.stream(ask(pictures[index]!))) {
      if (isPatch(event)) alone.push(placeTile(patchOf(event), tiles[0]!));
    }
    const half = new PictureBuilder();
    for (const patch of alone) half.add(patch);
    const rows = (data: Uint8Array): Buffer =>
      Buffer.concat(Array.from({ length: 256 }, (_, y) => data.subarray(y * 2048, y * 2048 + 1024)));
    expect(Buffer.compare(rows(half.data), rows(picture.data))).toBe(0);
  }
}, 600_000);

it('a reader slower than everything gets the same tile, whole', async () => {
  const fast = await pipeline.generate(ask(30));
  const sent: ImageDelta[] = [];
  for await (const event of pipeline.stream(ask(30))) {
    if (isPatch(event)) sent.push(patchOf(event));
    // Longer than a step takes: decoder, denoiser and progress all wait for this reader.
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
  expect(Buffer.compare(joinImage(sent).data, (fast.segments[0]!.content as ImageContent).data)).toBe(0);
}, 600_000);
