/**
 * Where the weights of a SwinIR are: its checkpoints are one file, and no config says what is in it.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { checkpointInvalid } from '../../safetensors/invalid.ts';

/** What PyTorch saves: a program that makes the tensors, so it is never read here. */
const pickles = ['.pth', '.pt', '.ckpt'];

/**
 * The .safetensors file of a checkpoint that is weights alone: the file itself, or the only one in a directory without
 * config.json. Undefined: it is something else. Throws CHECKPOINT_INVALID for a pickle.
 */
export async function weightsOnly(checkpoint: string): Promise<string | undefined> {
  const extension = extname(checkpoint).toLowerCase();
  if (pickles.includes(extension)) throw pickle(checkpoint);
  if (extension === '.safetensors') return checkpoint;
  if (existsSync(join(checkpoint, 'config.json'))) return undefined;
  const names = await readdir(checkpoint).catch(() => []);
  const weights = names.filter((name) => name.endsWith('.safetensors'));
  if (weights.length === 1) return join(checkpoint, weights[0]!);
  const [found] = names.filter((name) => pickles.includes(extname(name)));
  if (weights.length === 0 && found !== undefined) throw pickle(join(checkpoint, found));
  return undefined;
}

function pickle(path: string) {
  const name = basename(path, extname(path));
  const convert =
    `import torch; from safetensors.torch import save_file; w = torch.load("${basename(path)}", "cpu", weights_only=True); ` +
    `w = w.get("params_ema", w.get("params", w)); save_file({k: v.contiguous() for k, v in w.items()}, "${name}.safetensors")`;
  return checkpointInvalid(
    path,
    `is a pickle of PyTorch, which can run code when it is read. Convert it once: python -c '${convert}'`,
  );
}
