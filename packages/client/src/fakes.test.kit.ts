/** For tests: sockets without a network. */
import { decodeMessage, encodeFrame, type Frame, type Message, type Welcome } from '@any-to-any/core/wire';
import type { Socket } from './connection.ts';

export const welcome = (bytes = 1e6): Welcome => ({
  type: 'welcome',
  name: 'fake',
  modalities: {},
  limits: { bytes },
});

type Listener = (event: { data: unknown; code: number; reason: string }) => void;

export class FakeSocket implements Socket {
  binaryType = 'blob';
  closed = false;
  readonly url: string;
  readonly messages: Message[] = [];
  readonly #listeners = new Map<string, Listener[]>();

  constructor(url: string) {
    this.url = url;
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener as Listener]);
  }

  send(bytes: Uint8Array): void {
    const message = decodeMessage(bytes);
    if (message) this.messages.push(message);
  }

  close(): void {
    this.closed = true;
  }

  /** The server accepts, and says what it can do. */
  open(bytes?: number): void {
    this.#tell('open', {});
    this.frame({ request: '', sequence: 0, body: welcome(bytes) });
  }

  frame(frame: Frame): void {
    this.bytes(encodeFrame(frame));
  }

  bytes(bytes: Uint8Array): void {
    this.#tell('message', { data: bytes.slice().buffer });
  }

  lose(code = 1006, reason = ''): void {
    this.#tell('close', { code, reason });
  }

  #tell(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) {
      listener({ data: undefined, code: 0, reason: '', ...event });
    }
  }
}
