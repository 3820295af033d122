/**
 * Opens tensors by the name of their set: one file, or the index of several. Says what to do where there are only pickles.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openSafetensors, type TensorReader } from './file.ts';
import { checkpointInvalid } from './invalid.ts';
import { openSharded } from './sharded.ts';

/** `decoder` opens `decoder.safetensors`, or else what `decoder.safetensors.index.json` names. The caller closes it. */
export async function openTensors(directory: string, stem: string): Promise<TensorReader> {
  const single = join(directory, `${stem}.safetensors`);
  const index = `${single}.index.json`;
  if (existsSync(single)) return openSafetensors(single);
  if (existsSync(index)) return openSharded(index);
  const pickle = await findPickle(directory);
  if (pickle !== undefined) throw pickleFound(join(directory, pickle));
  return openSafetensors(single);
}

export function isPickle(path: string): boolean {
  return /\.(bin|pt|pth|ckpt|pkl|pickle)$/i.test(path);
}

/** The name of the first file that PyTorch saved in its own way. */
export async function findPickle(directory: string): Promise<string | undefined> {
  const entries = await readdir(directory).catch((): string[] => []);
  return entries.sort().find(isPickle);
}

export function pickleFound(path: string): Error {
  return checkpointInvalid(
    path,
    'expected safetensors, found a pickle, which can run code when it is read. Convert it where PyTorch is: ' +
      `python -c "import torch, safetensors.torch as s; t = torch.load('${path}', map_location='cpu', weights_only=True); ` +
      `s.save_file({k: v.contiguous().clone() for k, v in t.items()}, 'model.safetensors')", and put the result beside ` +
      'config.json.',
  );
}
