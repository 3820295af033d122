/**
 * Generation: one answer on its way to one client. Pulls events only while the client has credit and takes what it
 * is sent, so a slow client slows its own decoder rows and nothing else. Outlives its connection for a while.
 */
import type { Event } from '@any-to-any/core';
import { encodeFrame, type Failure, toFrames } from '@any-to-any/core/wire';
import { Ring } from './ring.ts';

/** A connection, as a generation sees it. */
export interface Link {
  send(bytes: Uint8Array): void;
  /** True while more bytes wait for the network than are good; `pump` is called once they went out. */
  readonly congested: boolean;
}

export interface GenerationOptions {
  readonly request: string;
  /** Begins the work; the signal ends it. */
  readonly begin: (signal: AbortSignal) => AsyncIterable<Event>;
  /** Bytes of frames kept for a client that comes back, and the most that may wait unsent. */
  readonly ringBytes: number;
}

export class Generation {
  readonly request: string;
  readonly #options: GenerationOptions;
  readonly #ring: Ring;
  readonly #abort = new AbortController();
  #link: Link | undefined;
  #until = 0;
  #sent = 0;
  #complete = false;
  #wake = (): void => {};
  /** Told when it may have become idle, or busy again. */
  onChange = (): void => {};

  constructor(options: GenerationOptions) {
    this.request = options.request;
    this.#options = options;
    this.#ring = new Ring(options.ringBytes);
  }

  get link(): Link | undefined {
    return this.#link;
  }

  /** Every frame was made. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Nothing happens until a client says something: nobody is there, has credit, or is missing anything. */
  get idle(): boolean {
    return !this.#link || (this.#complete ? this.#sent === this.#ring.end : this.#sent >= this.#until);
  }

  get bytes(): number {
    return this.#ring.bytes;
  }

  /** Runs until everything was made or `stop`. Never throws: failures are frames. */
  async run(): Promise<void> {
    const { signal } = this.#abort;
    const frames = toFrames(this.request, this.#options.begin(signal))[Symbol.asyncIterator]();
    try {
      while (!signal.aborted) {
        if (!this.#mayProduce()) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          continue;
        }
        const { value: frame, done } = await frames.next();
        if (signal.aborted || done) break;
        this.#ring.push(encodeFrame(frame));
        this.pump();
        // Nothing follows these; asking once more would wait for credit that nobody grants.
        if (frame.body.type === 'finish' || frame.body.type === 'error') break;
      }
    } finally {
      this.#complete = true;
      await frames.return();
      this.onChange();
    }
  }

  /** Connects a client that has every frame below `next`. False: some of what it lacks is no longer kept. */
  attach(link: Link, next: number, until: number): boolean {
    if (next < this.#ring.first || next > this.#ring.end) return false;
    const before = this.#link;
    if (before && before !== link) this.#tell(before, 'Another connection has taken over.');
    this.#link = link;
    this.#sent = next;
    this.#until = until;
    this.pump();
    return true;
  }

  detach(link: Link): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.onChange();
  }

  credit(until: number): void {
    this.#until = Math.max(this.#until, until);
    this.pump();
  }

  /** Stops the decoder within a step. Nothing more is sent. */
  stop(): void {
    this.#link = undefined;
    this.#abort.abort();
    this.#wake();
  }

  /** Sends what may be sent, and lets production go on if it may. */
  pump(): void {
    const link = this.#link;
    // The last frame of a failed or finished generation needs credit like any other.
    while (link && !link.congested && this.#sent < Math.min(this.#until, this.#ring.end)) {
      link.send(this.#ring.at(this.#sent++)!);
    }
    this.#ring.trim(this.#sent);
    if (this.#mayProduce()) this.#wake();
    this.onChange();
  }

  #mayProduce(): boolean {
    const waiting = this.#ring.end - this.#sent;
    return this.#ring.end < this.#until && (waiting === 0 || this.#ring.bytes < this.#options.ringBytes);
  }

  #tell(link: Link, message: string): void {
    const body: Failure = { type: 'error', code: 'STREAM_LOST', message };
    link.send(encodeFrame({ request: this.request, sequence: this.#sent, body }));
  }
}
