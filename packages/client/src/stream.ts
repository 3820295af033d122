/**
 * Stream: the frames of one generation, put in order and handed out as events. Drops what it already has, asks for
 * what is missing, and grants credit only as the app takes events. Knows no socket.
 */
import type { Event } from '@any-to-any/core';
import { AnyToAnyError, type Failure, type Frame } from '@any-to-any/core/wire';

export interface StreamLink {
  /** Frames below `until` may come. */
  credit(until: number): void;
  /** Frames are missing: all from `next` on are wanted again. */
  resume(next: number, until: number): void;
  /** Nothing more is wanted. */
  cancel(): void;
}

export class Stream {
  /** The first frame that has not come yet. */
  next = 0;
  readonly #window: number;
  readonly #link: StreamLink;
  readonly #queue: Event[] = [];
  #taken = 0;
  #granted: number;
  #outcome: { readonly error?: unknown } | undefined;
  #wake = (): void => {};

  /** `window`: frames that may be under way or waiting. */
  constructor(window: number, link: StreamLink) {
    this.#window = window;
    this.#link = link;
    this.#granted = window;
  }

  /** Frames below this number may come. */
  get until(): number {
    return this.#taken + this.#window;
  }

  get ended(): boolean {
    return this.#outcome !== undefined;
  }

  take({ sequence, body }: Frame): void {
    if (this.#outcome || sequence < this.next) return;
    if (sequence > this.next) {
      this.restart();
      return;
    }
    this.next++;
    if (body.type === 'error') this.fail(errorOf(body));
    else if (body.type !== 'welcome') {
      this.#queue.push(body);
      if (body.type === 'finish') this.#outcome = {};
      this.#wake();
    }
  }

  /** A new connection: everything that has not come is asked for again. */
  restart(): void {
    this.#granted = this.until;
    this.#link.resume(this.next, this.until);
  }

  /** Ends the stream; what has come is still handed out before the error. */
  fail(error: unknown): void {
    this.#outcome ??= { error };
    this.#wake();
  }

  /** Tells the server to stop and ends the stream with ABORTED. */
  cancel(reason?: unknown): void {
    if (this.#outcome) return;
    this.#link.cancel();
    this.#queue.length = 0;
    this.fail(new AnyToAnyError('ABORTED', 'Stopped by the app.', { stage: 'streaming', cause: reason }));
  }

  async *events(): AsyncGenerator<Event, void, undefined> {
    try {
      for (;;) {
        const event = this.#queue.shift();
        if (event) {
          yield event;
          this.#count();
        } else if (this.#outcome) {
          if ('error' in this.#outcome) throw this.#outcome.error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.cancel();
    }
  }

  /** Half a window at a time, so that credit is a small part of what is sent. */
  #count(): void {
    this.#taken++;
    if (this.#outcome || this.until - this.#granted < this.#window / 2) return;
    this.#granted = this.until;
    this.#link.credit(this.until);
  }
}

function errorOf({ code, message }: Failure): AnyToAnyError {
  if (code === 'UNKNOWN') return new AnyToAnyError('STREAM_LOST', `The server failed: ${message}`);
  // The server's message begins with its code, and so does that of an error.
  const prefix = `${code}  `;
  return new AnyToAnyError(code, message.startsWith(prefix) ? message.slice(prefix.length) : message);
}
