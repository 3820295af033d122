/**
 * An EnCodec checkpoint as its graphs see it: weight norm folded, without what only training needs and without
 * codebooks that are not used.
 */
import { foldWeightNorm } from '../../blocks/weight-norm.ts';
import type { TensorReader } from '../../safetensors/file.ts';

/** Statistics that training keeps beside a codebook. */
const training = /^quantizer\.layers\.(\d+)\.codebook\.(embed_avg|cluster_size|inited)$/;
const codebook = /^quantizer\.layers\.(\d+)\.codebook\.embed$/;

/** `codebooks`: how many are used, of how many there are. Tensors of codebooks beyond `all` stay, for the ledger to refuse. */
export function usedTensors(reader: TensorReader, codebooks: { used: number; all: number }): TensorReader {
  const folded = foldWeightNorm(reader);
  const used = [...folded.tensors].filter(([name]) => {
    const statistics = training.exec(name);
    if (statistics !== null) return Number(statistics[1]) >= codebooks.all;
    const index = Number(codebook.exec(name)?.[1] ?? 0);
    return index < codebooks.used || index >= codebooks.all;
  });
  return { ...folded, tensors: new Map(used) };
}
