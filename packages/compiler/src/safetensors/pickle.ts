/**
 * Weights as PyTorch saves them in its own way: a program that makes tensors, so they are never read here. Finds such
 * files, and says how to turn one into safetensors.
 */
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import type { AnyToAnyError } from '@any-to-any/core';
import { checkpointInvalid } from './invalid.ts';

export function isPickle(path: string): boolean {
  return /\.(bin|pt|pth|ckpt|pkl|pickle)$/i.test(path);
}

/** The name of the first such file of a directory, if there is one whose name begins with `stem`, that one. */
export async function findPickle(directory: string, stem = ''): Promise<string | undefined> {
  const found = (await readdir(directory).catch((): string[] => [])).filter(isPickle).sort();
  return found.find((file) => file.startsWith(stem)) ?? found[0];
}

/** `into`: the name of the file that is expected in its place. */
export function pickleFound(path: string, into = 'model.safetensors'): AnyToAnyError {
  const name = basename(path);
  // Whole modules, which a few publish, are no plain tensors.
  const plain = /\.(pkl|pickle)$/i.test(path) ? 'False' : 'True';
  const convert =
    `import torch; from safetensors.torch import save_file; ` +
    `x = torch.load('${name}', map_location='cpu', weights_only=${plain}); ` +
    `x = x.state_dict() if hasattr(x, 'state_dict') else x; ` +
    `x = next((x[k] for k in ('params_ema', 'params', 'state_dict', 'model') if isinstance(x.get(k), dict)), x); ` +
    `save_file({k: v.contiguous().clone() for k, v in x.items() if hasattr(v, 'contiguous')}, '${into}')`;
  return checkpointInvalid(
    path,
    `expected safetensors, found a pickle of PyTorch, which can run code when it is read. If you trust it, convert it in its directory: python -c "${convert}"`,
  );
}
