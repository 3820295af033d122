/**
 * For tests of what is refused: copies of a checkpoint with its config or its tensors changed.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSafetensors } from '../safetensors/file.ts';
import { type TensorToWrite, writeSafetensors } from '../safetensors/write.ts';

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
  if (change === undefined) {
    await cp(join(checkpoint, file), join(copy, file));
    return copy;
  }
  const reader = await openSafetensors(join(checkpoint, file));
  const tensors: TensorToWrite[] = [];
  for (const { name, dtype, shape } of reader.tensors.values())
    tensors.push(...change({ name, dtype, shape, data: await reader.readBytes(name) }));
  await reader.close();
  await writeSafetensors(join(copy, file), tensors);
  return copy;
}
