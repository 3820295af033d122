/**
 * State of one sequence in process: how long it is and which row of the cache it owns.
 */
import type { EngineSequence } from '../contract/engine.ts';
import { AnyToAnyError } from '../errors.ts';
import type { KvCache, RowHolder } from './kv-cache.ts';

export class LocalSequence implements EngineSequence, RowHolder {
  /** Row of the cache; −1 until something is appended. */
  row = -1;
  length = 0;
  /** A step with this sequence is in flight. */
  busy = false;
  readonly cache: KvCache;
  #disposed = false;

  constructor(cache: KvCache) {
    this.cache = cache;
  }

  fork(): LocalSequence {
    this.check();
    const copy = new LocalSequence(this.cache);
    if (this.length > 0) {
      this.cache.acquire(copy);
      this.cache.copy(this.row, copy.row, this.length);
      copy.length = this.length;
    }
    return copy;
  }

  truncate(length: number): void {
    this.check();
    if (!Number.isInteger(length) || length < 0 || length > this.length) {
      throw new AnyToAnyError('OPTION_INVALID', `Expected a length of 0…${this.length}, got ${length}.`);
    }
    this.length = length;
  }

  /** Frees the row. A step in flight still writes to it, so the row is kept until that step is over. */
  dispose(): void {
    this.#disposed = true;
    if (!this.busy) this.cache.release(this);
  }

  begin(): void {
    this.check();
    this.busy = true;
    if (this.row < 0) this.cache.acquire(this);
  }

  end(): void {
    this.busy = false;
    if (this.#disposed) this.cache.release(this);
  }

  /** Throws SEQUENCE_DISPOSED or SEQUENCE_BUSY. */
  check(): void {
    if (this.#disposed) {
      throw new AnyToAnyError(
        'SEQUENCE_DISPOSED',
        'The sequence was disposed. Open a new one, or fork before disposing.',
      );
    }
    if (this.busy) {
      throw new AnyToAnyError(
        'SEQUENCE_BUSY',
        'The sequence is being continued. Wait for that step, or fork it before.',
      );
    }
  }
}
