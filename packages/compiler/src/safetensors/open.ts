/**
 * Opens tensors by the name of their set: one file, or the index of several.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openSafetensors, type TensorReader } from './file.ts';
import { openSharded } from './sharded.ts';

/** `decoder` opens `decoder.safetensors`, or else what `decoder.safetensors.index.json` names. The caller closes it. */
export function openTensors(directory: string, stem: string): Promise<TensorReader> {
  const single = join(directory, `${stem}.safetensors`);
  const index = `${single}.index.json`;
  return !existsSync(single) && existsSync(index) ? openSharded(index) : openSafetensors(single);
}
