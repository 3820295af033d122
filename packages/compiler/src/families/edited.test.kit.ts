/**
 * For tests: a copy of a checkpoint with something changed, and what compiling it says.
 */
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AnyToAnyError } from '@any-to-any/core';
import { expect } from 'vitest';
import { compile } from '../compile.ts';
import type { CompileOptions } from '../options.ts';
import { changeTensors } from '../safetensors/change.test.kit.ts';
import type { TensorToWrite } from '../safetensors/write.ts';
import { fixtures } from './any-to-any/fixture.test.kit.ts';

export type Json = Record<string, unknown>;
/** Changes a directory. */
export type Change = (directory: string) => Promise<unknown>;
/** What becomes of a tensor: none, itself or several. Bytes stay: a change of shape has to fit them, or bring its own. */
export type TensorChange = (tensor: TensorToWrite) => readonly TensorToWrite[];

let count = 0;

/** A changed copy, in `directory`. `checkpoint`: a path, absolute or in `fixtures/`. */
export async function edited(directory: string, checkpoint: string, ...changes: Change[]): Promise<string> {
  const copy = join(directory, `edited-${count++}`);
  await cp(resolve(fixtures, checkpoint), copy, { recursive: true });
  for (const change of changes) await change(copy);
  return copy;
}

/** The error of compiling it, as text. There has to be one, of the toolkit, and nothing at `out` after it. */
export async function failure(
  checkpoint: string,
  options: CompileOptions = {},
  out = `${checkpoint}-out`,
): Promise<string> {
  const error = await compile(checkpoint, out, options).then(
    () => 'no error',
    (thrown: unknown) => thrown,
  );
  expect(AnyToAnyError.is(error), String(error)).toBe(true);
  expect(await readdir(dirname(out))).not.toContain(basename(out));
  return String(error);
}

/** The error of compiling a changed copy, as text: the checkpoint is to blame. */
export async function refusal(directory: string, checkpoint: string, ...changes: Change[]): Promise<string> {
  const said = await failure(await edited(directory, checkpoint, ...changes));
  expect(said).toMatch(/^AnyToAnyError: CHECKPOINT_INVALID /);
  return said;
}

export const json =
  (file: string, change: (value: Json) => unknown): Change =>
  async (directory) => {
    const path = join(directory, file);
    await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')) as Json))); // all are objects
  };

/** `config.json`, or the part of it with this name, with these values. Undefined takes one away. */
export const configured = (change: Json, part?: string): Change =>
  json('config.json', (config) => {
    if (part === undefined) return { ...config, ...change };
    return { ...config, [part]: { ...(config[part] as Json), ...change } }; // a part is an object
  });

/** Each tensor, changed; not all of them may stay what they are. */
export const tensors =
  (change: TensorChange, file = 'model.safetensors'): Change =>
  (directory) =>
    changeTensors(join(directory, file), (all) => {
      const changed = all.flatMap(change);
      const same = changed.length === all.length && changed.every((tensor, at) => tensor === all[at]);
      expect(same, `no tensor of ${file} changed`).toBe(false);
      return changed;
    });

/** One tensor more. */
export const extra =
  (name: string, file = 'model.safetensors'): Change =>
  (directory) =>
    changeTensors(join(directory, file), (all) => [
      ...all,
      { name, dtype: 'F32', shape: [1], data: new Float32Array(1) },
    ]);

/** What befalls tensors whose name ends so, or is this. */
export const tensorEnding = {
  missing: (end: string) => befalls(end, () => []),
  twice: (end: string, name: string) => befalls(end, (tensor) => [tensor, { ...tensor, name }]),
  changed: (end: string, change: Partial<TensorToWrite>) =>
    befalls(end, (tensor) => [{ ...tensor, ...change }]),
};

function befalls(end: string, change: TensorChange): TensorChange {
  return (tensor) => (tensor.name.endsWith(end) ? change(tensor) : [tensor]);
}
