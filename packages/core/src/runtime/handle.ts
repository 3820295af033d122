/**
 * Handle: ownership of something that must be released once. Disposing ends its use by the owner; it is
 * released when nobody else (a binding, a run in flight) holds it any more. Knows nothing of what it holds.
 */
import { AnyToAnyError } from '../errors.ts';

/** The handles of one device that are still open, oldest first. */
export type Scope = Set<{ dispose(): void }>;

export class Handle<T> {
  readonly #what: string;
  readonly #value: T;
  readonly #release: (value: T) => void;
  readonly #scope: Scope | undefined;
  #open = true;
  #uses = 1;

  /** `what` names it in errors: `session "decoder.onnx"`. */
  constructor(what: string, value: T, release: (value: T) => void, scope?: Scope) {
    this.#what = what;
    this.#value = value;
    this.#release = release;
    this.#scope = scope;
    scope?.add(this);
  }

  /** Throws RUNTIME_CLOSED after `dispose`. */
  get value(): T {
    if (!this.#open) throw closed(this.#what);
    return this.#value;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Keeps it from being released until the returned function is called (calling that twice is harmless). */
  hold(): () => void {
    if (!this.#open) throw closed(this.#what);
    this.#uses += 1;
    let held = true;
    return () => {
      if (held) this.#drop();
      held = false;
    };
  }

  /** Harmless when repeated. */
  dispose(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#scope?.delete(this);
    leaks?.unregister(this);
    this.#drop();
  }

  /** Reports `owner` if it is collected while this is still open, where ANY_TO_ANY_DEBUG asks for it. */
  watch(owner: object): void {
    leaks?.register(owner, this.#what, this);
  }

  #drop(): void {
    this.#uses -= 1;
    if (this.#uses === 0) this.#release(this.#value);
  }
}

export function closed(what: string): AnyToAnyError {
  return new AnyToAnyError('RUNTIME_CLOSED', `The ${what} was used after it was closed. Open a new one.`);
}

// One registry for the process: it outlives every device, and it only ever warns.
const leaks = process.env['ANY_TO_ANY_DEBUG']
  ? new FinalizationRegistry<string>((what) => {
      process.emitWarning(`A ${what} was dropped without being closed.`, { code: 'ANY_TO_ANY_LEAK' });
    })
  : undefined;
