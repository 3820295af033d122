/**
 * Connection: one socket at a time, opened again after it is lost. Carries bytes; what they mean is not known here.
 */

/** The part of a browser's WebSocket that is used. */
export interface Socket {
  binaryType: string;
  addEventListener(type: 'open', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: 'close',
    listener: (event: { readonly code: number; readonly reason: string }) => void,
  ): void;
  send(bytes: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

/** `lost`: being opened again. `closed`: by the app, or after too many attempts. */
export type ConnectionState = 'connecting' | 'open' | 'lost' | 'closed';

export interface ConnectionOptions {
  readonly open: () => Socket;
  /** Milliseconds without a connection after which it gives up. */
  readonly patience: number;
  readonly onState: (state: ConnectionState) => void;
  readonly onBytes: (bytes: Uint8Array) => void;
  /** It gave up; `code` is the last one of the socket, such as 1009 for a message that was too large. */
  readonly onEnd: (code: number, reason: string) => void;
}

/** Milliseconds until the first attempt to open again, and the most between two. */
const shortest = 100;
const longest = 3000;

/** Codes after which another attempt would end the same way: refused, or too large. */
const final: ReadonlySet<number> = new Set([1008, 1009]);

export class Connection {
  readonly #options: ConnectionOptions;
  #socket: Socket | undefined;
  #state: ConnectionState = 'connecting';
  #attempts = 0;
  #lostAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#lostAt = performance.now();
    this.#open();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Drops the bytes while there is no connection: whoever sends says again what matters once it is open. */
  send(bytes: Uint8Array): void {
    // The encoder's arrays lie in plain buffers, never in shared ones.
    if (this.#state === 'open') this.#socket?.send(bytes as Uint8Array<ArrayBuffer>);
  }

  close(): void {
    if (this.#state === 'closed') return;
    clearTimeout(this.#timer);
    this.#become('closed');
    this.#socket?.close();
  }

  #open(): void {
    const socket = this.#options.open();
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => {
      this.#attempts = 0;
      if (this.#state !== 'closed') this.#become('open');
    });
    socket.addEventListener('message', ({ data }) => {
      if (this.#socket === socket && data instanceof ArrayBuffer) this.#options.onBytes(new Uint8Array(data));
    });
    socket.addEventListener('close', ({ code, reason }) => {
      if (this.#socket === socket && this.#state !== 'closed') this.#lost(code, reason);
    });
  }

  #lost(code: number, reason: string): void {
    const now = performance.now();
    if (this.#state === 'open') this.#lostAt = now;
    if (final.has(code) || now - this.#lostAt > this.#options.patience) {
      this.#become('closed');
      this.#options.onEnd(code, reason);
      return;
    }
    this.#become('lost');
    // Spread out, so that the clients of a server that comes back do not all knock at once.
    const wait = Math.min(longest, shortest * 2 ** this.#attempts++) * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => this.#open(), wait);
  }

  #become(state: ConnectionState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
