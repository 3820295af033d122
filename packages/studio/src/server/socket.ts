/**
 * Socket: one client's connection. Messages in, frames out, and a beat that finds connections that died silently.
 */
import { decodeMessage, encodeFrame, type Welcome } from '@any-to-any/core/wire';
import type { WebSocket } from 'ws';
import type { Link } from '../generation/generation.ts';
import type { Sessions } from '../generation/sessions.ts';

/** Bytes that may wait for the network before nothing more is made for this client. */
const high = 1024 * 1024;

/** Milliseconds between two beats; who misses one is gone. */
const beat = 20_000;

export function serveSocket(socket: WebSocket, session: string, sessions: Sessions, welcome: Welcome): void {
  const link: Link = {
    get congested() {
      return socket.bufferedAmount > high;
    },
    send(bytes) {
      socket.send(bytes, () => {
        if (socket.bufferedAmount <= high) sessions.drained(link);
      });
    },
  };
  let alive = true;
  const timer = setInterval(() => {
    if (!alive) socket.terminate();
    alive = false;
    socket.ping();
  }, beat).unref();

  socket.on('pong', () => {
    alive = true;
  });
  // `close` follows; there is nobody to tell.
  socket.on('error', () => {});
  socket.on('close', () => {
    clearInterval(timer);
    sessions.detach(link);
  });
  socket.on('message', (data, binary) => {
    alive = true;
    try {
      // With the default `binaryType`, binary messages are Buffers.
      const message = binary ? decodeMessage(data as Buffer) : undefined;
      if (message) sessions.handle(session, message, link);
      else if (!binary) socket.close(1003, 'Messages are msgpack.');
    } catch (error) {
      socket.close(1008, error instanceof Error ? error.message.slice(0, 100) : 'broken message');
    }
  });
  link.send(encodeFrame({ request: '', sequence: 0, body: welcome }));
}
