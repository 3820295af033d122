/**
 * The image tokenizer inside a Chameleon checkpoint: its tensors apart from the decoder's, and its files. The encoder
 * is always there; transformers leaves the image decoder out, which stands under taming's names where someone kept it.
 */

import { nameVqgan } from '../../blocks/vqgan-names.ts';
import type { TensorReader } from '../../safetensors/file.ts';
import { openLedger } from '../ledger.ts';
import type { Output } from '../output.ts';
import type { VqPlan } from '../vqgan/graphs.ts';
import { vqOutputs } from '../vqgan/outputs.ts';

const prefixes = ['model.vqmodel.', 'vqmodel.'] as const;

export interface Parts {
  /** Everything but the image tokenizer. */
  readonly text: TensorReader;
  readonly image: TensorReader;
  /** Before the names of the image tokenizer. */
  readonly prefix: string;
  /** Whether there is an image decoder. */
  readonly draws: boolean;
}

export function splitTensors(reader: TensorReader): Parts {
  const names = [...reader.tensors.keys()];
  const prefix = prefixes.find((one) => names.some((name) => name.startsWith(one))) ?? prefixes[0];
  const only = (own: boolean): TensorReader => ({
    ...reader,
    tensors: new Map([...reader.tensors].filter(([name]) => name.startsWith(prefix) === own)),
  });
  const draws = names.some((name) => name.startsWith(`${prefix}decoder.`));
  return { text: only(false), image: only(true), prefix, draws };
}

/** Throws CHECKPOINT_INVALID for tensors that are missing, left over, or of another shape. */
export function imageOutputs({ image, prefix, draws }: Parts, plan: VqPlan): Output[] {
  const ledger = openLedger(image);
  const weights = nameVqgan(ledger.weights, 'taming', plan.levels.length, prefix);
  const outputs = vqOutputs(plan, weights, draws);
  if (!draws) {
    // Kept by transformers, though only the decoder needs it.
    weights('post_quant_conv.weight', [plan.latent, plan.codeWidth, 1, 1]);
    weights('post_quant_conv.bias', [plan.latent]);
  }
  ledger.check();
  return outputs;
}
