/**
 * For tests of what is refused: copies of a checkpoint with its config or its tensors changed.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { changeTensors } from '../safetensors/change.test.kit.ts';
import type { TensorToWrite } from '../safetensors/write.ts';

export interface Change {
  /** Bytes stay as they are: a change of shape has to fit them, or bring its own. */
  readonly tensors?: ((tensor: TensorToWrite) => TensorToWrite[]) | undefined;
  readonly config?: Record<string, unknown> | undefined;
}

/** `file`: the one with the weights. The copy must not be there yet. */
export async function editCheckpoint(
  checkpoint: string,
  copy: string,
  file: string,
  { tensors: change, config }: Change,
): Promise<string> {
  await mkdir(copy);
  if (config !== undefined) {
    const own = JSON.parse(await readFile(join(checkpoint, 'config.json'), 'utf8'));
    await writeFile(join(copy, 'config.json'), JSON.stringify({ ...own, ...config }));
  }
  await cp(join(checkpoint, file), join(copy, file));
  if (change !== undefined) await changeTensors(join(copy, file), (all) => all.flatMap(change));
  return copy;
}
