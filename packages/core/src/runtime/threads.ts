/**
 * How many threads share one run when nobody says.
 * Up to 4 processors: all of them. More: one per physical core (x64 counts two logical processors per core, others
 * one), at most 8, because a decoder step is bound by memory and more threads only wait for each other.
 */
import { availableParallelism } from 'node:os';
import { AnyToAnyError } from '../errors.ts';

/** `(2, 'x64')` → 2, `(12, 'x64')` → 6, `(10, 'arm64')` → 8. */
export function defaultThreads(
  logical = availableParallelism(),
  architecture: string = process.arch,
): number {
  if (logical <= 4) return Math.max(1, logical);
  const physical = architecture === 'x64' ? Math.ceil(logical / 2) : logical;
  return Math.min(8, Math.max(4, physical));
}

export function checkThreads(threads: number): number {
  if (Number.isSafeInteger(threads) && threads >= 1 && threads <= 1024) return threads;
  throw new AnyToAnyError('OPTION_INVALID', `threads is a whole number from 1 to 1024, not ${threads}.`, {
    option: 'threads',
  });
}
