/**
 * Opens tensors by the name of their set: one file, or the index of several.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { AnyToAnyError } from '@any-to-any/core';
import { openSafetensors, type TensorReader } from './file.ts';
import { checkpointInvalid } from './invalid.ts';
import { openSharded } from './sharded.ts';

/** `decoder` opens `decoder.safetensors`, or else what `decoder.safetensors.index.json` names. The caller closes it. */
export function openTensors(directory: string, stem: string): Promise<TensorReader> {
  const single = join(directory, `${stem}.safetensors`);
  const index = `${single}.index.json`;
  if (existsSync(single)) return openSafetensors(single);
  if (existsSync(index)) return openSharded(index);
  const pickled = existsSync(directory) ? readdirSync(directory).filter(isPickled) : [];
  const found = pickled.find((file) => file.startsWith(stem)) ?? pickled[0];
  return found === undefined ? openSafetensors(single) : Promise.reject(notPickled(single, found));
}

function isPickled(file: string): boolean {
  return /\.(bin|ckpt|pkl|pt|pth)$/.test(file);
}

/** Reading such a file means running what is in it, so it is left to PyTorch. */
function notPickled(expected: string, found: string): AnyToAnyError {
  return checkpointInvalid(
    expected,
    `expected safetensors, found only ${found}, a file of PyTorch that runs code when it is read. If you trust it, ` +
      `convert it in its directory: python -c "import torch; from safetensors.torch import save_file; ` +
      `x = torch.load('${found}', map_location='cpu', weights_only=False); x = x.state_dict() if hasattr(x, 'state_dict') else x.get('state_dict', x); ` +
      `save_file({k: v.contiguous() for k, v in x.items() if hasattr(v, 'contiguous')}, '${basename(expected)}')"`,
  );
}
