/**
 * What a bundle holds of an image tokenizer of this kind: its graphs, and the options of `@any-to-any/tokenizer-image`.
 */
import type { Weights } from '../../blocks/build.ts';
import { factorOf } from '../../blocks/vqgan.ts';
import { graphOutput, type Output } from '../output.ts';
import { buildVqDecode, buildVqEncode, type VqPlan } from './graphs.ts';

export const imagePlugin = '@any-to-any/tokenizer-image';

/** Offsets of rows and columns further apart share a bucket, in a model over the ids of a tokenizer on its own. */
export const imageClip = 7;

/** Scaled until the shorter side fits, and the middle of it, in −1…1. */
export const squarePixels = { fit: 'cover', kernel: 'lanczos3' } as const;

export const imageFiles = { encode: 'image-encode.onnx', decode: 'image-decode.onnx' } as const;

/** `decoder`: whether the checkpoint has one. */
export function vqOutputs(plan: VqPlan, weights: Weights, decoder: boolean): Output[] {
  const encode = graphOutput(imageFiles.encode, buildVqEncode(plan, weights));
  return decoder ? [encode, graphOutput(imageFiles.decode, buildVqDecode(plan, weights))] : [encode];
}

export interface VqDescription {
  readonly plan: VqPlan;
  readonly decoder: boolean;
  readonly clip: number;
  /** Rows and columns of ids; the first is the usual one. */
  readonly grids: readonly (readonly [rows: number, columns: number])[];
  /** How pictures are made ready. */
  readonly pixels: Readonly<Record<string, unknown>>;
}

/** Previews are four rows apart. */
const rowsBetweenPreviews = 4;

export function describeVq({ plan, decoder, clip, grids, pixels }: VqDescription): Record<string, unknown> {
  const columns = grids[0]?.[1] ?? 1;
  return {
    kind: 'vq-global',
    factor: factorOf(plan),
    size: plan.codes,
    clip,
    grids,
    every: rowsBetweenPreviews * columns,
    pixels,
    encode: imageFiles.encode,
    ...(decoder && { decode: imageFiles.decode }),
  };
}
