/**
 * Sessions: who owns which generation, across connections. Begins them, finds them again, and ends those that
 * nobody came back for. Knows no socket and no pipeline.
 */
import type { Event } from '@any-to-any/core';
import { AnyToAnyError, encodeFrame, type Message } from '@any-to-any/core/wire';
import { Generation, type Link } from './generation.ts';

export interface SessionsOptions {
  /** Begins the work for what a client asks. */
  readonly begin: (ask: unknown, signal: AbortSignal) => AsyncIterable<Event>;
  /** Most generations at once. */
  readonly most: number;
  /** Milliseconds a generation is kept while nothing happens to it: disconnected, without credit, or done. */
  readonly keep: number;
  /** Bytes of frames kept per generation. */
  readonly ringBytes: number;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #generations = new Map<string, Generation>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #runs = new Set<Promise<void>>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Generations that are kept, finished ones among them. */
  get size(): number {
    return this.#generations.size;
  }

  /** Bytes of frames that are kept. */
  get bytes(): number {
    return [...this.#generations.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Does what a client says. */
  handle(session: string, message: Message, link: Link): void {
    const key = JSON.stringify([session, message.request]);
    const known = this.#generations.get(key);
    switch (message.type) {
      case 'generate':
        if (known) this.#attach(known, message.request, link, 0, message.until);
        else this.#begin(key, message, link);
        break;
      case 'resume':
        this.#attach(known, message.request, link, message.next, message.until);
        break;
      case 'credit':
        if (known?.link === link) known.credit(message.until);
        // Numbered beyond what the client has: it asks for what is missing and hears that nothing can come.
        else if (!known) this.#attach(undefined, message.request, link, message.until, message.until);
        break;
      case 'cancel':
        if (known) this.#forget(key, known);
        break;
    }
  }

  /** The connection is gone: what ran over it waits for another. */
  detach(link: Link): void {
    for (const generation of this.#generations.values()) generation.detach(link);
  }

  /** The connection takes bytes again. */
  drained(link: Link): void {
    for (const generation of this.#generations.values()) if (generation.link === link) generation.pump();
  }

  /** Stops everything and waits for it. */
  async close(): Promise<void> {
    for (const [key, generation] of [...this.#generations]) this.#forget(key, generation);
    await Promise.all(this.#runs);
  }

  #begin(key: string, { request, until, ask }: Extract<Message, { type: 'generate' }>, link: Link): void {
    if (!this.#makeRoom()) {
      const message = `${this.#options.most} generations are running. Ask again a little later.`;
      fail(link, request, 0, new AnyToAnyError('OVERLOADED', message));
      return;
    }
    const { begin, ringBytes, keep } = this.#options;
    const generation = new Generation({ request, begin: (signal) => begin(ask, signal), ringBytes });
    this.#generations.set(key, generation);
    generation.onChange = () => {
      const timer = this.#timers.get(key);
      if (!generation.idle) {
        clearTimeout(timer);
        this.#timers.delete(key);
      } else if (!timer && this.#generations.get(key) === generation) {
        this.#timers.set(key, setTimeout(() => this.#forget(key, generation), keep).unref());
      }
    };
    generation.attach(link, 0, until);
    const run = generation.run().finally(() => this.#runs.delete(run));
    this.#runs.add(run);
  }

  #attach(known: Generation | undefined, request: string, link: Link, next: number, until: number): void {
    if (known?.attach(link, next, until)) return;
    const why = known
      ? `its frames from ${next} on are no longer kept`
      : 'it is not known here, or no longer';
    fail(link, request, next, new AnyToAnyError('STREAM_LOST', `"${request}" cannot go on: ${why}.`));
  }

  /** True if another may begin; the oldest finished ones make room. */
  #makeRoom(): boolean {
    for (const [key, generation] of this.#generations) {
      if (this.#generations.size < this.#options.most) break;
      if (generation.complete && generation.idle) this.#forget(key, generation);
    }
    return this.#generations.size < this.#options.most;
  }

  #forget(key: string, generation: Generation): void {
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    this.#generations.delete(key);
    generation.stop();
  }
}

function fail(link: Link, request: string, sequence: number, { code, message }: AnyToAnyError): void {
  link.send(encodeFrame({ request, sequence, body: { type: 'error', code, message } }));
}
