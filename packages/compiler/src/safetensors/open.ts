/**
 * Opens tensors by the name of their set: one file, or the index of several. Says what to do where there are only pickles.
 */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openSafetensors, type TensorReader } from './file.ts';
import { findPickle, pickleFound } from './pickle.ts';
import { openSharded } from './sharded.ts';

/** `decoder` opens `decoder.safetensors`, or else what `decoder.safetensors.index.json` names. The caller closes it. */
export async function openTensors(directory: string, stem: string): Promise<TensorReader> {
  const single = join(directory, `${stem}.safetensors`);
  const index = `${single}.index.json`;
  if (existsSync(single)) return openSafetensors(single);
  if (existsSync(index)) return openSharded(index);
  const pickle = await findPickle(directory, stem);
  if (pickle !== undefined) throw pickleFound(join(directory, pickle), basename(single));
  return openSafetensors(single);
}
