/**
 * A Mimi checkpoint as its graphs see it: weight norm folded, should there be any, without what only training needs
 * and without codebooks that are not used.
 */
import { foldWeightNorm } from '../../blocks/weight-norm.ts';
import type { TensorReader } from '../../safetensors/file.ts';
import { quantizerPrefix } from './graphs.ts';

const codebook = /^quantizer\.(semantic|acoustic)_residual_vector_quantizer\.layers\.(\d+)\.codebook\.(\w+)$/;

export interface CodebookUse {
  readonly semantic: number;
  readonly used: number;
  readonly all: number;
}

/** Tensors of codebooks beyond `all` stay, for the ledger to refuse. */
export function usedTensors(reader: TensorReader, { semantic, used, all }: CodebookUse): TensorReader {
  const folded = foldWeightNorm(reader);
  const projections = ['input_proj', 'output_proj'].map(
    (name) => `${quantizerPrefix('acoustic')}.${name}.weight`,
  );
  const kept = [...folded.tensors].filter(([name]) => {
    if (used === semantic && projections.includes(name)) return false;
    const [, half, layer, part] = codebook.exec(name) ?? [];
    if (half === undefined) return true;
    const index = Number(layer) + (half === 'acoustic' ? semantic : 0);
    const last = half === 'acoustic' ? all : semantic;
    return index >= last || (index < used && part !== 'initialized');
  });
  return { ...folded, tensors: new Map(kept) };
}
