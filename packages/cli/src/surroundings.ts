/**
 * Surroundings: everything the command takes from its process, so that tests can hand in their own.
 */
import type { Readable, Writable } from 'node:stream';
import type { Plugin } from '@any-to-any/core';

/** A stream to write to; the rest is there when it is a terminal. */
export type Output = Writable & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  /** Bits of colour: 1, 4, 8 or 24. */
  getColorDepth?(env?: object): number;
};

export interface Surroundings {
  /** Results only: text, JSON. */
  readonly stdout: Output;
  /** Everything else: progress, previews, notes, errors. */
  readonly stderr: Output;
  readonly stdin: Readable;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly plugins: readonly Plugin[];
  /** Fires on Ctrl-C; its reason may be an `Interruption`. */
  readonly signal: AbortSignal;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

/** Why the work was stopped from outside, and the exit code that says so. */
export interface Interruption {
  readonly interruption: string;
  readonly exitCode: number;
}

/** Resolves when the text is handed over, so that a slow reader slows the work; rejects with EPIPE when it left. */
export function write(output: Output, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
