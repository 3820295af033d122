/**
 * For tests: copies of the checkpoints in `fixtures/`, changed, and what compiling them says.
 */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { compile } from '../compile.ts';
import type { CompileOptions } from '../options.ts';
import { changeTensors } from '../safetensors/change.test.kit.ts';
import type { TensorToWrite } from '../safetensors/write.ts';
import { fixtures } from './any-to-any/fixture.test.kit.ts';

export { type Json, json } from './broken.test.kit.ts';

export type Change = (directory: string) => Promise<unknown>;

let count = 0;

/** A changed copy of a fixture, in `directory`. */
export async function edited(directory: string, fixture: string, ...changes: Change[]): Promise<string> {
  const copy = join(directory, `edited-${count++}`);
  await cp(join(fixtures, fixture), copy, { recursive: true });
  for (const change of changes) await change(copy);
  return copy;
}

/** The error of compiling it, as text; '' if there is none. */
export async function failure(
  checkpoint: string,
  options: CompileOptions = {},
  out = `${checkpoint}-out`,
): Promise<string> {
  return compile(checkpoint, out, options).then(() => '', String);
}

/** Each tensor may become none, itself or several. */
export function tensors(
  change: (tensor: TensorToWrite) => readonly TensorToWrite[],
  file = 'model.safetensors',
): Change {
  return (directory) => changeTensors(join(directory, file), (all) => all.flatMap(change));
}

/** What befalls tensors whose name ends so. */
export const tensorEnding = {
  missing: (end: string) => (tensor: TensorToWrite) => (tensor.name.endsWith(end) ? [] : [tensor]),
  twice: (end: string, name: string) => (tensor: TensorToWrite) =>
    tensor.name.endsWith(end) ? [tensor, { ...tensor, name }] : [tensor],
  shaped: (end: string, shape: readonly number[]) => (tensor: TensorToWrite) =>
    tensor.name.endsWith(end) ? [{ ...tensor, shape }] : [tensor],
  integer: (end: string) => (tensor: TensorToWrite) =>
    tensor.name.endsWith(end) ? [{ ...tensor, dtype: 'I16' as const }] : [tensor],
};
