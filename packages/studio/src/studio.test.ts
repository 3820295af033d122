import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect as connectTo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { connect } from '@any-to-any/client';
import { decodeFrame, encodeMessage } from '@any-to-any/core/wire';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { fakePipeline, scripted } from './fakes.test.kit.ts';
import { type Studio, startStudio } from './studio.ts';

let page: string;
beforeAll(async () => {
  page = await mkdtemp(join(tmpdir(), 'any-to-any-studio-'));
  await writeFile(join(page, 'index.html'), '<!doctype html><title>page</title>');
  await writeFile(join(page, 'page.js'), 'let a;');
});
afterAll(() => rm(page, { recursive: true }));

let studio: Studio;
const pipeline = fakePipeline((request) => scripted(20).events(request.signal));
beforeEach(async () => {
  studio = await startStudio({ pipeline, page, uploadBytes: 4096 });
});
afterEach(() => studio.close());

/** Status, headers and body; `headers` may say things a browser never would. */
function get(path: string, { method = 'GET', headers = {} } = {}) {
  const { hostname, port } = new URL(studio.url);
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }>(
    (resolve, reject) => {
      const sent = httpRequest({ hostname, port, path, method, headers }, (response) => {
        let body = '';
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
      });
      sent.on('error', reject).end();
    },
  );
}

const host = (): string => new URL(studio.url).host;
const token = (): string => new URL(studio.url).searchParams.get('token')!;

/** `open`, or the status it was refused with. */
function knock(url: string, options: object = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, options);
    socket.on('open', () => {
      socket.close();
      resolve('open');
    });
    socket.on('error', (error) => resolve(error.message));
  });
}

describe('the page', () => {
  it('is at the address with the token, and nowhere else', async () => {
    expect(studio.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{24}$/);
    const found = await get(`/?token=${token()}`);
    expect(found).toMatchObject({ status: 200, body: expect.stringContaining('<title>page') });
    expect(found.headers['content-security-policy']).toContain("default-src 'none'");
    expect(found.headers['referrer-policy']).toBe('no-referrer');
    for (const path of ['/', '/?token=', `/?token=${token()}x`, '/index.html']) {
      expect((await get(path)).status).toBe(403);
    }
    expect((await get('/page.js')).headers['content-type']).toBe('text/javascript; charset=utf-8');
  });

  it.each(['/../package.json', '/%2e%2e/package.json', '/..%2fstudio.ts', '/none', '//', '/page.js/'])(
    'has nothing at %s',
    async (path) => {
      expect((await get(path)).status).toBe(404);
    },
  );

  it('listens to this machine only', async () => {
    const port = Number(new URL(studio.url).port);
    const reach = (address: string) =>
      new Promise<string>((resolve) => {
        const socket = connectTo({ host: address, port });
        socket.on('error', () => resolve('closed'));
        socket.on('connect', () => {
          socket.destroy();
          resolve('open');
        });
      });
    expect(await reach('127.0.0.1')).toBe('open');
    const others = Object.values(networkInterfaces()).flatMap((all = []) =>
      all.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address),
    );
    expect(await Promise.all([...others, '::1'].map(reach))).toEqual([...others, ''].map(() => 'closed'));
  });

  it('answers to its own name only, and only to reading', async () => {
    const path = `/?token=${token()}`;
    for (const name of ['evil.example', `evil.example:${new URL(studio.url).port}`, '127.0.0.1']) {
      expect((await get(path, { headers: { host: name } })).status).not.toBe(200);
    }
    expect((await get(path, { method: 'POST' })).status).toBe(405);
    expect((await get(path, { headers: { host: host().replace('127.0.0.1', 'localhost') } })).status).toBe(
      200,
    );
  });
});

describe('the socket', () => {
  const at = (session = 'session-1'): string => `${studio.socketUrl}&session=${session}`;

  it('opens for the page and for programs that know the token', async () => {
    expect(await knock(at())).toBe('open');
    expect(await knock(at(), { origin: `http://${host()}` })).toBe('open');
  });

  it('is closed to other pages, names, tokens and paths', async () => {
    const refused = 'Unexpected server response: 403';
    expect(await knock(at(), { origin: 'https://evil.example' })).toBe(refused);
    expect(await knock(at(), { origin: 'null' })).toBe(refused);
    expect(await knock(at(), { headers: { host: 'evil.example' } })).toBe(refused);
    expect(await knock(at().replace(/token=[^&]+/, 'token=wrong'))).toBe(refused);
    expect(await knock(at().replace('/socket', '/other'))).toBe(refused);
    expect(await knock(studio.socketUrl)).toBe(refused); // without a session
  });

  it('carries a generation, also over a connection that breaks', async () => {
    const opened: WebSocket[] = [];
    const open = (url: string): WebSocket => {
      opened.push(new WebSocket(url));
      return opened.at(-1)!;
    };
    const client = connect({ url: studio.socketUrl, open, window: 4 });
    expect(await client.welcome).toMatchObject({
      name: 'fake',
      modalities: { text: { reads: true, makes: true } },
      limits: { bytes: 4096 },
    });
    const types: string[] = [];
    for await (const event of client.generate({ content: ['a'] })) {
      types.push(event.type);
      if (types.length === 3 || types.length === 9) opened.at(-1)!.terminate();
    }
    expect(types).toEqual([...Array(20).fill('segment-delta'), 'finish']);
    expect(opened.length).toBe(3);
    client.close();
  });

  it.each<[string, Uint8Array | string, number]>([
    ['too large', new Uint8Array(5000), 1009],
    ['no msgpack', Uint8Array.of(0xc1), 1008],
    ['text', 'hello', 1003],
  ])('is closed after a message that is %s, and others go on', async (_, message, code) => {
    const socket = new WebSocket(at());
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await new Promise((resolve) => socket.on('open', resolve));
    socket.send(message);
    expect(await closed).toBe(code);
    expect(await knock(at())).toBe('open');
  });

  it('tells what is wrong with a request', async () => {
    const socket = new WebSocket(at());
    await new Promise((resolve) => socket.on('open', resolve));
    socket.send(encodeMessage({ type: 'generate', request: 'a', until: 9, ask: { colour: 1 } }));
    const failure = await new Promise((resolve) =>
      socket.on('message', (data) => {
        const frame = decodeFrame(data as Buffer);
        if (frame?.request === 'a') resolve(frame.body);
      }),
    );
    expect(failure).toMatchObject({ type: 'error', code: 'OPTION_UNKNOWN' });
    socket.close();
  });
});

/** Bytes that the process holds, without garbage. */
function held(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('a client that does not read', () => {
  it('holds back its own generation, within the bytes of its ring', async () => {
    const { script, events } = scripted(2000, 100_000);
    const before = held();
    const own = await startStudio({ pipeline: fakePipeline(() => events()), page, ringBytes: 1_000_000 });
    const socket = new WebSocket(`${own.socketUrl}&session=session-1`);
    await new Promise((resolve) => socket.on('open', resolve));
    socket.pause();
    socket.send(encodeMessage({ type: 'generate', request: 'a', until: 1_000_000, ask: {} }));
    // Until nothing more is made.
    for (let last = 0; script.pulled === 0 || script.pulled > last; ) {
      last = script.pulled;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    // What waits: in the ring 10, in the socket 10, and what the system's own buffers hold of 200 MB.
    expect(script.pulled).toBeLessThan(200);
    expect(own.load.bytes).toBeLessThan(1_200_000);
    // The process itself, beside what the system buffers outside of it.
    expect(held() - before).toBeLessThan(40_000_000);

    let got = 0;
    const all = new Promise<void>((resolve) => {
      socket.on('message', (data) => {
        const frame = decodeFrame(data as Buffer);
        if (frame?.request !== 'a') return;
        expect(frame.sequence).toBe(got++);
        if (frame.body.type === 'finish') resolve();
      });
    });
    socket.resume();
    await all;
    expect(got).toBe(2001);
    socket.close();
    await own.close();
  });
});

describe('starting', () => {
  it('says what is wrong', async () => {
    const { port } = new URL(studio.url);
    const wrong = [{ port: Number(port) }, { page: join(page, 'none') }, { most: 0 }, { keep: 1.5 }];
    for (const options of wrong) {
      await expect(startStudio({ pipeline, page, ...options })).rejects.toThrow(/^OPTION_INVALID/);
    }
    await expect(startStudio({ pipeline, page, colour: 1 } as never)).rejects.toThrow(/^OPTION_UNKNOWN/);
  });
});
