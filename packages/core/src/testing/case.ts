/**
 * A case of a published suite: a name that says what it checks, and a function that throws where it does not hold.
 * Works with any runner: `for (const { name, run } of tokenizerSuite(…)) test(name, run)`.
 */
import assert from 'node:assert/strict';
import { AnyToAnyError, type ErrorCode } from '../errors.ts';

export interface Case {
  readonly name: string;
  run(): Promise<void>;
}

/** Fails unless `work` throws an AnyToAnyError with one of the codes. */
export async function expectCode(work: () => unknown, ...codes: ErrorCode[]): Promise<void> {
  let error: unknown;
  try {
    await work();
  } catch (caught) {
    error = caught;
  }
  assert.ok(AnyToAnyError.is(error), `expected ${codes.join(' or ')}, got ${error}`);
  assert.ok(codes.includes(error.code), `expected ${codes.join(' or ')}, got ${error.code}`);
}

export async function* iterate<T>(items: Iterable<T>): AsyncGenerator<T, void, undefined> {
  for (const item of items) yield item;
}

export async function drain<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
