/**
 * Client: requests to a server and their events, over one connection that may break and come back.
 */
import type { Event } from '@any-to-any/core';
import {
  AnyToAnyError,
  decodeFrame,
  encodeMessage,
  type Frame,
  type Message,
  type Welcome,
} from '@any-to-any/core/wire';
import type { Ask } from './ask.ts';
import { Connection, type ConnectionState, type Socket } from './connection.ts';
import { Stream } from './stream.ts';

export interface ConnectOptions {
  /** `ws://…` of the server, with its token. */
  readonly url: string | URL;
  /** Names this client to the server: the same one finds its generations again. Default: a new one. */
  readonly session?: string | undefined;
  /** Frames the server may be ahead of the app. Default 32. */
  readonly window?: number | undefined;
  /** Milliseconds to try for when the connection is lost. Default 30 000. */
  readonly patience?: number | undefined;
  readonly onState?: ((state: ConnectionState) => void) | undefined;
  /** Opens a socket. Default: the platform's WebSocket. */
  readonly open?: ((url: string) => Socket) | undefined;
}

export interface GenerateOptions {
  readonly signal?: AbortSignal | undefined;
  /** A name for the generation, unique within the session. Default: a new one. */
  readonly request?: string | undefined;
}

/** The events of one answer; leaving the loop stops the generation. To be looped over once. */
export interface Generation extends AsyncIterable<Event> {
  readonly request: string;
  /** Stops it; the loop ends with ABORTED. */
  cancel(): void;
}

export interface Client {
  readonly session: string;
  /** What the server has told of its model. */
  readonly welcome: Promise<Welcome>;
  generate(ask: Ask, options?: GenerateOptions): Generation;
  /** Goes on with a generation of this session from its first event, as after a reload of the page. */
  resume(request: string, options?: Omit<GenerateOptions, 'request'>): Generation;
  /** Lets go of everything; generations end with ABORTED. */
  close(): void;
}

interface Running {
  readonly stream: Stream;
  /** The message that begins it: said again if nothing of it has come. */
  readonly begin: Message;
  /** The bytes of `begin`; kept until the first frame. */
  bytes: Uint8Array | undefined;
}

export function connect(options: ConnectOptions): Client {
  const {
    session = crypto.randomUUID(),
    window = 32,
    patience = 30_000,
    onState,
    open = openSocket,
  } = options;
  if (!(Number.isInteger(window) && window > 0)) {
    throw new AnyToAnyError('OPTION_INVALID', `window must be a whole number from 1, got ${window}.`);
  }
  const url = new URL(options.url);
  url.searchParams.set('session', session);
  const running = new Map<string, Running>();
  let limit = Number.POSITIVE_INFINITY;
  let welcomed = (_: Welcome): void => {};
  let refused = (_: unknown): void => {};
  const welcome = new Promise<Welcome>((resolve, reject) => {
    welcomed = resolve;
    refused = reject;
  });
  welcome.catch(() => {}); // Whoever awaits it hears of the failure; nobody has to.

  const connection = new Connection({
    open: () => open(url.href),
    patience,
    onState: (state) => onState?.(state),
    onBytes: (bytes) => {
      const frame = read(bytes);
      if (frame) take(frame);
    },
    onEnd: (code, reason) => endAll(endOf(code, reason)),
  });

  /** A server of another version is no server for this client: everything ends with FORMAT_UNKNOWN. */
  function read(bytes: Uint8Array): Frame | undefined {
    try {
      return decodeFrame(bytes);
    } catch (error) {
      connection.close();
      endAll(error);
      return undefined;
    }
  }

  function take({ request, sequence, body }: Frame): void {
    if (body.type === 'welcome') {
      welcomed(body);
      limit = body.limits.bytes;
      for (const one of [...running.values()]) start(one);
      return;
    }
    const own = running.get(request);
    if (!own) return;
    own.bytes = undefined;
    own.stream.take({ request, sequence, body });
    if (own.stream.ended) running.delete(request);
  }

  /** After every welcome, for all that have not ended. */
  function start({ stream, begin, bytes }: Running): void {
    if (!bytes) stream.restart();
    else if (bytes.length <= limit) connection.send(bytes);
    else {
      running.delete(begin.request);
      const message = `Expected at most ${limit} bytes, got ${bytes.length}. Give less or smaller content.`;
      stream.fail(new AnyToAnyError('CONTENT_TOO_LARGE', message, { bytes: bytes.length, limit }));
    }
  }

  function begin(message: Message, bytes: Uint8Array | undefined, signal?: AbortSignal): Generation {
    const { request } = message;
    if (running.has(request)) {
      throw new AnyToAnyError('OPTION_INVALID', `"${request}" is already running. Give another name.`);
    }
    const send = (one: Message): void => connection.send(encodeMessage(one));
    const stream = new Stream(window, {
      credit: (until) => send({ type: 'credit', request, until }),
      resume: (next, until) => send({ type: 'resume', request, next, until }),
      cancel: () => {
        running.delete(request);
        send({ type: 'cancel', request });
      },
    });
    const own: Running = { stream, begin: message, bytes };
    running.set(request, own);
    const stop = (): void => stream.cancel(signal?.reason);
    if (signal?.aborted) stop();
    else if (connection.state === 'closed') stream.fail(endOf(1006, ''));
    else if (Number.isFinite(limit)) start(own);
    signal?.addEventListener('abort', stop, { once: true });
    return {
      request,
      cancel: stop,
      async *[Symbol.asyncIterator]() {
        try {
          yield* stream.events();
        } finally {
          signal?.removeEventListener('abort', stop);
        }
      },
    };
  }

  function endAll(error: unknown): void {
    refused(error);
    for (const { stream } of running.values()) stream.fail(error);
    running.clear();
  }

  return {
    session,
    welcome,
    generate(ask, { request = crypto.randomUUID(), signal } = {}) {
      const message: Message = { type: 'generate', request, until: window, ask };
      return begin(message, encodeMessage(message), signal);
    },
    resume: (request, { signal } = {}) =>
      begin({ type: 'resume', request, next: 0, until: window }, undefined, signal),
    close() {
      for (const { stream } of [...running.values()]) stream.cancel();
      connection.close();
      refused(new AnyToAnyError('ABORTED', 'The connection was closed by the app.'));
    },
  };
}

/** WebSocket of the platform. */
const openSocket = (url: string): Socket => new WebSocket(url);

function endOf(code: number, reason: string): AnyToAnyError {
  if (code === 1009) return new AnyToAnyError('CONTENT_TOO_LARGE', `The server takes no message this large.`);
  const why = reason || 'It does not answer';
  return new AnyToAnyError('STREAM_LOST', `The server cannot be reached: ${why}. Is it running?`, { code });
}
