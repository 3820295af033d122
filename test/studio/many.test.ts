/** Many pictures at once over one server, with the default model: nobody waits for the slow one, nothing is lost. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plugins } from '@any-to-any/cli';
import { type Client, connect, PictureBuilder } from '@any-to-any/client';
import {
  createPipeline,
  type Event,
  type ImageContent,
  type ImageDelta,
  locateBundle,
  type Pipeline,
} from '@any-to-any/core';
import { type Studio, startStudio } from '@any-to-any/studio';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';

const most = 20;
/** Frames a client lets the server be ahead. */
const window = 16;

const page = mkdtempSync(join(tmpdir(), 'any-to-any-many-'));
writeFileSync(join(page, 'index.html'), '<!doctype html>');
let pipeline: Pipeline;
let studio: Studio;
/** Events that were pulled from the pipeline, by seed. */
const pulled = new Map<number, number>();

beforeAll(async () => {
  const model = locateBundle('@any-to-any/model-emoji', import.meta.url);
  pipeline = await createPipeline({ model, plugins: plugins() });
  async function* stream(request: Parameters<Pipeline['stream']>[0]): AsyncGenerator<Event> {
    for await (const event of pipeline.stream(request)) {
      pulled.set(request.seed!, (pulled.get(request.seed!) ?? 0) + 1);
      yield event;
    }
  }
  studio = await startStudio({ pipeline: { ...pipeline, stream }, page });
}, 300_000);
afterAll(async () => {
  await studio.close();
  await pipeline.close();
  rmSync(page, { recursive: true });
});

const open = (url: string): WebSocket => new WebSocket(url);
const connected = (): Client => connect({ url: studio.socketUrl, open, window });
const ask = (seed: number) => ({ content: ['a red apple'], to: 'image', seed });

interface Seen {
  readonly picture: PictureBuilder;
  whole: ImageContent | undefined;
  finished: boolean;
  /** Of pixels that came. */
  bytes: number;
  events: number;
}

async function watch(events: AsyncIterable<Event>, seen: Seen): Promise<Seen> {
  for await (const event of events) {
    seen.events++;
    if (event.type === 'segment-delta') {
      const patch = event.delta as ImageDelta; // `to: 'image'` says so
      seen.picture.add(patch);
      seen.bytes += patch.data.length;
    }
    if (event.type === 'segment-end') {
      seen.whole = event.content as ImageContent;
      seen.bytes += seen.whole.data.length;
    }
    if (event.type === 'finish') seen.finished = true;
  }
  return seen;
}
const fresh = (): Seen => ({
  picture: new PictureBuilder(),
  whole: undefined,
  finished: false,
  bytes: 0,
  events: 0,
});

function expectWhole({ picture, whole, finished }: Seen): void {
  expect(finished).toBe(true);
  expect([picture.width, picture.height]).toEqual([whole!.width, whole!.height]);
  expect(Buffer.compare(picture.data, whole!.data)).toBe(0);
}

it(`${most} pictures at once finish beside a client that has stalled, which loses nothing either`, async () => {
  const stalled = connected();
  const slow = stalled.generate(ask(1000))[Symbol.asyncIterator]();
  await slow.next(); // it has begun; from here on the app takes nothing
  const clients = Array.from({ length: most }, connected);
  const all = await Promise.all(clients.map((client, seed) => watch(client.generate(ask(seed)), fresh())));
  for (const seen of all) expectWhole(seen);
  expect(pulled.get(1000)).toBeLessThanOrEqual(window);
  expect(studio.load.generations).toBe(most + 1);
  // What was sent is kept for those who come back, with some 200 bytes around every event, and nothing else.
  const sent = all.reduce((sum, { bytes, events }) => sum + bytes + 300 * events, 0);
  expect(studio.load.bytes).toBeLessThan(sent * ((most + 1) / most));

  // Somebody takes the slow one's events again: every one is there.
  const rest = fresh();
  await watch({ [Symbol.asyncIterator]: () => slow }, rest);
  expectWhole(rest);
  for (const client of [...clients, stalled]) client.close();
}, 300_000);

it('clients that vanish free what they had', async () => {
  const client = connected();
  const slow = client.generate(ask(2000))[Symbol.asyncIterator]();
  await slow.next();
  const before = studio.load.generations;
  client.close();
  await expect.poll(() => studio.load.generations).toBe(before - 1);
});
