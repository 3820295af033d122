/**
 * Studio: the page and the socket behind it, on this machine only. Takes a pipeline that is open and leaves it open.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { AnyToAnyError, type Event, type Pipeline, rejectUnknownOptions } from '@any-to-any/core';
import { WebSocketServer } from 'ws';
import { Sessions } from './generation/sessions.ts';
import { type Readers, readAsk } from './request.ts';
import { createGuard, createToken, urlOf } from './server/guard.ts';
import { openPages } from './server/pages.ts';
import { serveSocket } from './server/socket.ts';
import { welcomeOf } from './welcome.ts';

export interface StudioOptions {
  readonly pipeline: Pipeline;
  /** Modality → reader of files that people drop. Without one, that modality takes no files. */
  readonly readers?: Readers | undefined;
  /** 0 takes a free one. Default 0. */
  readonly port?: number | undefined;
  /** Most generations at once, finished ones that are still kept included. Default 64. */
  readonly most?: number | undefined;
  /** Milliseconds a generation waits for its client to come back. Default 60 000. */
  readonly keep?: number | undefined;
  /** Bytes kept per generation for clients that come back. Default 8 MiB. */
  readonly ringBytes?: number | undefined;
  /** Most bytes of one message, hence of everything that is uploaded with a prompt. Default 16 MiB. */
  readonly uploadBytes?: number | undefined;
  /** Directory of the built page. Default: the one of this package. */
  readonly page?: string | undefined;
}

export interface Studio {
  /** To be opened in a browser; has the token. */
  readonly url: string;
  /** For clients of one's own. */
  readonly socketUrl: string;
  /** Generations and bytes that are kept at the moment. */
  readonly load: { readonly generations: number; readonly bytes: number };
  /** Stops every generation and closes every connection; the pipeline stays open. */
  close(): Promise<void>;
}

const known = ['pipeline', 'readers', 'port', 'most', 'keep', 'ringBytes', 'uploadBytes', 'page'];
const mebibyte = 1024 * 1024;

/** Throws OPTION_UNKNOWN, OPTION_INVALID (also for a port that is taken). */
export async function startStudio(options: StudioOptions): Promise<Studio> {
  rejectUnknownOptions(options, known, 'startStudio');
  const { pipeline, readers = {}, port = 0 } = options;
  const most = count('most', options.most ?? 64);
  const keep = count('keep', options.keep ?? 60_000);
  const ringBytes = count('ringBytes', options.ringBytes ?? 8 * mebibyte);
  const uploadBytes = count('uploadBytes', options.uploadBytes ?? 16 * mebibyte);
  const page = options.page ?? fileURLToPath(new URL('./page/', import.meta.url));

  async function* begin(ask: unknown, signal: AbortSignal): AsyncGenerator<Event, void, undefined> {
    yield* pipeline.stream({ ...(await readAsk(ask, readers)), signal });
  }

  const token = createToken();
  const guard = createGuard(token, () => (server.address() as AddressInfo).port);
  const sessions = new Sessions({ begin, most, keep, ringBytes });
  const server = createServer(await openPages(page, guard));
  const sockets = new WebSocketServer({ noServer: true, maxPayload: uploadBytes, perMessageDeflate: false });
  const welcome = welcomeOf(pipeline, uploadBytes);

  server.on('upgrade', (request, stream, head) => {
    stream.on('error', () => {});
    const url = urlOf(request);
    const session = url?.searchParams.get('session') ?? '';
    const allowed = guard.hostIsOurs(request) && guard.originIsOurs(request) && guard.tokenIsOurs(request);
    if (url?.pathname !== '/socket' || !allowed || session.length < 8 || session.length > 100) {
      stream.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, stream, head, (socket) => serveSocket(socket, session, sessions, welcome));
  });

  await listen(server, port);
  const at = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${at}/?token=${token}`,
    socketUrl: `ws://${at}/socket?token=${token}`,
    get load() {
      return { generations: sessions.size, bytes: sessions.bytes };
    },
    async close() {
      await sessions.close();
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `Cannot listen on 127.0.0.1:${port}: ${cause.message}. Give another port, or 0 for a free one.`;
      reject(new AnyToAnyError('OPTION_INVALID', message, { option: 'port', cause }));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}

function count(name: string, value: number): number {
  if (Number.isInteger(value) && value > 0) return value;
  throw new AnyToAnyError('OPTION_INVALID', `${name} must be a whole number from 1, got ${value}.`, {
    option: name,
  });
}
