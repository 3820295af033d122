/**
 * The weights of a SwinIR checkpoint as its network names them: without `params_ema.` or `params.`, and without tables
 * that are arithmetic.
 */
import type { TensorReader } from '../../safetensors/file.ts';

/** Averaged weights first: where a file has both, these are the ones to use. */
const prefixes = ['params_ema.', 'params.', ''];
/** Which offset two positions of a window have, and the masks of one size of picture. */
const arithmetic = /\.(relative_position_index|attn_mask)$/;

/** Whether there is a SwinIR in the file; nothing else has this name. */
export function isSwinir({ tensors }: TensorReader): boolean {
  return prefixOf(tensors) !== undefined;
}

export function networkTensors(reader: TensorReader): TensorReader {
  const prefix = prefixOf(reader.tensors) ?? '';
  // Of two sets of weights the other one is left alone; anything else stays, for the ledger to refuse.
  const isOther = (name: string): boolean =>
    prefix !== '' && prefixes.some((each) => each !== '' && each !== prefix && name.startsWith(each));
  const names = new Map(
    [...reader.tensors.keys()]
      .filter((name) => !arithmetic.test(name) && !isOther(name))
      .map((name) => [name.startsWith(prefix) ? name.slice(prefix.length) : name, name]),
  );
  const stored = (name: string): string => names.get(name) ?? `${prefix}${name}`;
  const tensors = new Map(
    [...names].map(([name, full]) => [name, { ...reader.tensors.get(full)!, name }]), // a key of the same map
  );
  return {
    ...reader,
    tensors,
    read: (name) => reader.read(stored(name)),
    readBytes: (name) => reader.readBytes(stored(name)),
  };
}

function prefixOf(tensors: TensorReader['tensors']): string | undefined {
  const last = 'layers.0.residual_group.blocks.0.attn.relative_position_bias_table';
  return prefixes.find((prefix) => tensors.has(`${prefix}${last}`));
}
