/**
 * For tests: copies of a checkpoint with something changed, and what compiling them says.
 */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AnyToAnyError } from '@any-to-any/core';
import { expect } from 'vitest';
import { compile } from '../compile.ts';
import type { CompileOptions } from '../options.ts';
import { changeTensors } from '../safetensors/change.test.kit.ts';
import type { TensorToWrite } from '../safetensors/write.ts';

export type Json = Record<string, unknown>;
/** Changes a directory. */
export type Change = (directory: string) => Promise<void>;

/** Copies go into `root()`, which exists once the tests run. What is said is CHECKPOINT_INVALID, as a text. */
export function breaker(
  root: () => string,
): (checkpoint: string, change: Change, options?: CompileOptions) => Promise<string> {
  let count = 0;
  return async (checkpoint, change, options = {}) => {
    const copy = join(root(), `${count++}`);
    await cp(checkpoint, copy, { recursive: true });
    await change(copy);
    const error = await compile(copy, `${copy}-out`, options).catch((thrown: unknown) => thrown);
    expect(AnyToAnyError.is(error, 'CHECKPOINT_INVALID')).toBe(true);
    return String(error);
  };
}

export const json =
  (file: string, change: (value: Json) => unknown): Change =>
  async (directory) => {
    const path = join(directory, file);
    await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')) as Json))); // all are objects
  };

export const tensors =
  (change: (tensors: TensorToWrite[]) => TensorToWrite[]): Change =>
  (directory) =>
    changeTensors(join(directory, 'model.safetensors'), change);

/** The tensor `from`, changed. */
export const changed = (from: string, change: Partial<TensorToWrite>): Change =>
  tensors((all) => all.map((tensor) => (tensor.name === from ? { ...tensor, ...change } : tensor)));

/** One tensor more. */
export const extra = (name: string): Change =>
  tensors((all) => [...all, { name, dtype: 'F32', shape: [1], data: new Float32Array(1) }]);

/** One part of `config.json`, changed. */
export const configured = (part: string, change: Json): Change =>
  json('config.json', (config) => ({ ...config, [part]: { ...(config[part] as Json), ...change } })); // a part is an object
