/**
 * Ring: the last frames of one generation, as bytes, so that a client that comes back gets what it missed.
 * Bounded in bytes: the oldest go first, but never one that is still to be sent.
 */

export class Ring {
  readonly #most: number;
  readonly #frames: Uint8Array[] = [];
  #first = 0;
  #bytes = 0;

  /** `most`: bytes it may hold of frames that were sent. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Number of the oldest frame that is held. */
  get first(): number {
    return this.#first;
  }

  /** Number the next frame gets. */
  get end(): number {
    return this.#first + this.#frames.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  at(sequence: number): Uint8Array | undefined {
    return this.#frames[sequence - this.#first];
  }

  push(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  /** Lets go of the oldest frames below `sent` until the rest fits. */
  trim(sent: number): void {
    while (this.#bytes > this.#most && this.#first < sent) {
      this.#bytes -= this.#frames.shift()!.length;
      this.#first++;
    }
  }
}
