import type { Frame } from '@any-to-any/core/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Client, type ConnectOptions, connect } from './client.ts';
import { FakeSocket } from './fakes.test.kit.ts';

const delta = (sequence: number, request = 'a'): Frame => ({
  request,
  sequence,
  body: { type: 'progress', segment: 0, done: sequence, rate: 1 },
});
const finish = (sequence: number): Frame => ({
  request: 'a',
  sequence,
  body: { type: 'finish', reason: 'stop', usage: { prefilled: 0, generated: 0, reused: 0 } },
});

let sockets: FakeSocket[];
let states: string[];
beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  states = [];
});
afterEach(() => vi.useRealTimers());

function setUp(options: Partial<ConnectOptions> = {}): Client {
  return connect({
    url: 'ws://127.0.0.1:1/socket?token=t',
    session: 'session',
    window: 4,
    open: (url) => {
      sockets.push(new FakeSocket(url));
      return sockets.at(-1)!;
    },
    onState: (state) => states.push(state),
    ...options,
  });
}

const drain = async (events: AsyncIterable<{ type: string }>): Promise<string[]> => {
  const seen: string[] = [];
  for await (const event of events) seen.push(event.type);
  return seen;
};

describe('a client', () => {
  it('names its session, asks once it is welcomed and hands out events', async () => {
    const client = setUp();
    const drained = drain(client.generate({ content: ['a dog'], to: 'image', seed: 3 }, { request: 'a' }));
    const [socket] = sockets as [FakeSocket];
    expect(socket.url).toBe('ws://127.0.0.1:1/socket?token=t&session=session');
    expect(socket.binaryType).toBe('arraybuffer');
    expect(socket.messages).toEqual([]);
    socket.open();
    expect(await client.welcome).toMatchObject({ name: 'fake' });
    expect(socket.messages).toEqual([
      { type: 'generate', request: 'a', until: 4, ask: { content: ['a dog'], to: 'image', seed: 3 } },
    ]);
    for (const frame of [delta(0), delta(1), delta(0, 'other'), finish(2)]) socket.frame(frame);
    expect(await drained).toEqual(['progress', 'progress', 'finish']);
    expect(states).toEqual(['open']);
  });

  it('goes on after a lost connection with the first frame it lacks', async () => {
    const client = setUp();
    const drained = drain(client.generate({}, { request: 'a' }));
    sockets[0]!.open();
    sockets[0]!.frame(delta(0));
    await vi.advanceTimersByTimeAsync(0);
    sockets[0]!.lose();
    await vi.advanceTimersByTimeAsync(100);
    expect(sockets.length).toBe(2);
    sockets[1]!.open();
    expect(sockets[1]!.messages).toEqual([{ type: 'resume', request: 'a', next: 1, until: 5 }]);
    // What the old socket still had on its way is no longer listened to.
    sockets[0]!.frame(finish(1));
    sockets[1]!.frame(delta(1));
    sockets[1]!.frame(finish(2));
    expect(await drained).toEqual(['progress', 'progress', 'finish']);
    expect(states).toEqual(['open', 'lost', 'open']);
  });

  it('asks again if nothing had come', async () => {
    const client = setUp();
    const drained = drain(client.generate({ seed: 1 }, { request: 'a' }));
    sockets[0]!.open();
    sockets[0]!.lose();
    await vi.advanceTimersByTimeAsync(100);
    sockets[1]!.open();
    expect(sockets[1]!.messages).toEqual([{ type: 'generate', request: 'a', until: 4, ask: { seed: 1 } }]);
    sockets[1]!.frame(finish(0));
    await drained;
  });

  it('resumes a generation of an earlier page from its beginning', async () => {
    const client = setUp();
    const drained = drain(client.resume('a'));
    sockets[0]!.open();
    expect(sockets[0]!.messages).toEqual([{ type: 'resume', request: 'a', next: 0, until: 4 }]);
    sockets[0]!.frame(finish(0));
    expect(await drained).toEqual(['finish']);
  });

  it('leaving the loop tells the server', async () => {
    const client = setUp();
    sockets[0]!.open();
    const generation = client.generate({}, { request: 'a' });
    sockets[0]!.frame(delta(0));
    for await (const _ of generation) break;
    expect(sockets[0]!.messages.at(-1)).toEqual({ type: 'cancel', request: 'a' });
  });

  it('a signal stops it with ABORTED, also before it began', async () => {
    const client = setUp();
    sockets[0]!.open();
    const controller = new AbortController();
    const drained = drain(client.generate({}, { request: 'a', signal: controller.signal }));
    controller.abort();
    await expect(drained).rejects.toMatchObject({ code: 'ABORTED' });
    expect(sockets[0]!.messages.at(-1)).toEqual({ type: 'cancel', request: 'a' });
    await expect(drain(client.generate({}, { signal: controller.signal }))).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  it('does not send more than the server takes', async () => {
    const client = setUp();
    const content = [{ modality: 'image', file: new Uint8Array(1000) }];
    const drained = drain(client.generate({ content }, { request: 'a' }));
    sockets[0]!.open(500);
    await expect(drained).rejects.toMatchObject({ code: 'CONTENT_TOO_LARGE' });
    expect(sockets[0]!.messages).toEqual([]);
  });

  it('gives up after its patience, and says so to all who wait', async () => {
    const client = setUp({ patience: 5000 });
    const drained = drain(client.generate({}));
    const failed = expect(drained).rejects.toMatchObject({ code: 'STREAM_LOST' });
    for (let waited = 0; waited < 20 && states.at(-1) !== 'closed'; waited++) {
      sockets.at(-1)!.lose();
      await vi.advanceTimersByTimeAsync(3000);
    }
    await failed;
    await expect(client.welcome).rejects.toMatchObject({ code: 'STREAM_LOST' });
    expect(states).toEqual(['lost', 'closed']);
    await expect(drain(client.generate({}))).rejects.toMatchObject({ code: 'STREAM_LOST' });
    expect(sockets.length).toBeLessThan(8);
  });

  it('does not try again where it was refused', async () => {
    const client = setUp();
    const drained = drain(client.generate({}));
    sockets[0]!.open();
    sockets[0]!.lose(1009, 'too large');
    await expect(drained).rejects.toMatchObject({ code: 'CONTENT_TOO_LARGE' });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sockets.length).toBe(1);
  });

  it('ends with FORMAT_UNKNOWN where the server speaks another version', async () => {
    const client = setUp();
    const drained = drain(client.generate({}, { request: 'a' }));
    sockets[0]!.open();
    sockets[0]!.bytes(Uint8Array.of(0x81, 0xa1, 0x76, 2)); // { v: 2 }
    await expect(drained).rejects.toMatchObject({ code: 'FORMAT_UNKNOWN' });
    expect([states.at(-1), sockets[0]!.closed]).toEqual(['closed', true]);
  });

  it('closing stops what runs and opens nothing again', async () => {
    const client = setUp();
    sockets[0]!.open();
    const drained = drain(client.generate({}, { request: 'a' }));
    client.close();
    await expect(drained).rejects.toMatchObject({ code: 'ABORTED' });
    expect(sockets[0]!.messages.at(-1)).toEqual({ type: 'cancel', request: 'a' });
    expect(sockets[0]!.closed).toBe(true);
    sockets[0]!.lose(1000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sockets.length).toBe(1);
  });

  it('refuses a name that is in use, and a window that is none', () => {
    const client = setUp();
    client.generate({}, { request: 'a' });
    expect(() => client.generate({}, { request: 'a' })).toThrow(/^OPTION_INVALID/);
    expect(() => setUp({ window: 0 })).toThrow(/^OPTION_INVALID/);
  });
});
