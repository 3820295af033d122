/**
 * Many pictures at once over one server, with the default model: nobody waits for the slow one, nothing is lost, and
 * the server, in a process of its own, holds no more memory for it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, connect, PictureBuilder } from '@any-to-any/client';
import type { Event, ImageContent, ImageDelta } from '@any-to-any/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { root } from '../source.ts';

const most = 20;
/** Frames a client lets the server be ahead. */
const window = 16;
const mebibyte = 1024 * 1024;

/** What the server says of itself, bytes. */
interface Memory {
  readonly rss: number;
  /** What JavaScript holds, the cache of the decoder included, garbage not. */
  readonly held: number;
  readonly load: { readonly generations: number; readonly bytes: number };
  /** Events that were pulled from the pipeline, by seed. */
  readonly pulled: Readonly<Record<number, number>>;
  /** Most answers that were under way at once. */
  readonly together: number;
}

const page = mkdtempSync(join(tmpdir(), 'any-to-any-many-'));
writeFileSync(join(page, 'index.html'), '<!doctype html>');
let server: ChildProcess;
let url: string;

/** The next thing of a kind that the server says. */
function heard(kind: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const listen = (message: unknown): void => {
      if ((message as { kind: string }).kind !== kind) return; // serve.mjs says what kind each is
      server.off('message', listen);
      resolve(message);
    };
    server.on('message', listen);
    server.once('exit', (code) => reject(new Error(`The server ended with ${code}.`)));
  });
}

async function memory(): Promise<Memory> {
  const answer = heard('memory');
  server.send('memory');
  return (await answer) as Memory; // what serve.mjs sends
}

beforeAll(async () => {
  server = fork(join(root, 'test/studio/serve.mjs'), [page], { execArgv: ['--expose-gc'] });
  ({ socketUrl: url } = (await heard('ready')) as { socketUrl: string }); // what serve.mjs sends
}, 300_000);
afterAll(async () => {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.send('close');
  await ended;
  rmSync(page, { recursive: true });
}, 60_000);

const connected = (): Client => connect({ url, open: (address) => new WebSocket(address), window });
const ask = (seed: number) => ({ content: ['a red apple'], to: 'image', seed });

interface Seen {
  readonly picture: PictureBuilder;
  whole: ImageContent | undefined;
  finished: boolean;
  /** Of pixels that came. */
  bytes: number;
  events: number;
}

async function watch(events: AsyncIterable<Event>): Promise<Seen> {
  const seen: Seen = {
    picture: new PictureBuilder(),
    whole: undefined,
    finished: false,
    bytes: 0,
    events: 0,
  };
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

async function drawTogether(seeds: readonly number[]): Promise<Seen[]> {
  const clients = seeds.map(connected);
  const all = await Promise.all(clients.map((client, index) => watch(client.generate(ask(seeds[index]!)))));
  for (const client of clients) client.close();
  return all;
}

function expectWhole({ picture, whole, finished }: Seen): void {
  expect(finished).toBe(true);
  expect([picture.width, picture.height]).toEqual([whole!.width, whole!.height]);
  expect(Buffer.compare(picture.data, whole!.data)).toBe(0);
}

const seedsFrom = (first: number): number[] => Array.from({ length: most }, (_, index) => first + index);

it(`${most} pictures at once finish beside a client that has stalled, which loses nothing either`, async () => {
  // The first time, the cache grows to as many rows as are needed at once, and code is compiled.
  for (const seen of await drawTogether(seedsFrom(0))) expectWhole(seen);
  const before = await memory();

  const stalled = connected();
  const slow = stalled.generate(ask(1000))[Symbol.asyncIterator]();
  await slow.next(); // it has begun; from here on the app takes nothing
  const all = await drawTogether(seedsFrom(most));
  for (const seen of all) expectWhole(seen);
  const after = await memory();
  expect(after.together).toBe(most + 1);
  expect(after.pulled[1000]).toBeLessThanOrEqual(window);
  expect(after.load.generations).toBe(2 * most + 1);
  // What was sent is kept for those who come back, with some 200 bytes around every event, and nothing else.
  const sent = all.reduce((sum, { bytes, events }) => sum + bytes + 300 * events, 0);
  const kept = after.load.bytes - before.load.bytes;
  expect(kept).toBeLessThan(sent * ((most + 1) / most));
  // Beside what is kept, nothing stays: neither in JavaScript nor outside of it.
  expect(after.held - before.held - kept).toBeLessThan(24 * mebibyte);
  expect(after.rss - before.rss).toBeLessThan(96 * mebibyte);

  // Somebody takes the slow one's events again: every one is there.
  const rest = await watch({ [Symbol.asyncIterator]: () => slow });
  expectWhole(rest);
  stalled.close();

  // Alone, the same seeds draw the same pictures.
  const [alone] = await drawTogether([1000]);
  expect(Buffer.compare(rest.picture.data, alone!.picture.data)).toBe(0);
  const [first] = await drawTogether([most]);
  expect(Buffer.compare(all[0]!.picture.data, first!.picture.data)).toBe(0);
}, 600_000);

it('clients that vanish free what they had', async () => {
  const client = connected();
  const slow = client.generate(ask(2000))[Symbol.asyncIterator]();
  await slow.next();
  const before = (await memory()).load.generations;
  client.close();
  await expect
    .poll(async () => (await memory()).load.generations, { timeout: 60_000, interval: 100 })
    .toBe(before - 1);
}, 120_000);
