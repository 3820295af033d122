/**
 * Where the weights of a SwinIR are: its checkpoints are one file, and no config says what is in it.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { findPickle, isPickle, pickleFound } from '../../safetensors/pickle.ts';

/**
 * The .safetensors file of a checkpoint that is weights alone: the file itself, or the only one in a directory without
 * config.json. Undefined: it is something else. Throws CHECKPOINT_INVALID for a pickle.
 */
export async function weightsOnly(checkpoint: string): Promise<string | undefined> {
  if (isPickle(checkpoint)) throw pickleOf(checkpoint);
  if (checkpoint.toLowerCase().endsWith('.safetensors')) return checkpoint;
  if (existsSync(join(checkpoint, 'config.json'))) return undefined;
  const names = await readdir(checkpoint).catch(() => []);
  const weights = names.filter((name) => name.endsWith('.safetensors'));
  if (weights.length === 1) return join(checkpoint, weights[0]!);
  const found = weights.length === 0 ? await findPickle(checkpoint) : undefined;
  if (found !== undefined) throw pickleOf(join(checkpoint, found));
  return undefined;
}

/** Its name says what it is, so it is kept. */
const pickleOf = (path: string) => pickleFound(path, `${basename(path, extname(path))}.safetensors`);
