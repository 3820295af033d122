/**
 * What a Janus checkpoint is, whichever of its two configs says so: a Llama, a SigLIP tower with an aligner that reads
 * pictures, and a VQ model whose codes it draws. Tensors go by the names that `transformers` gives them.
 */
import type { LlamaPlan } from '../llama/plan.ts';

export interface VisionPlan {
  /** Side of a picture, and of one of its patches, in pixels. */
  readonly side: number;
  readonly patch: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly normEpsilon: number;
  /** Whether queries, keys and values have a bias. */
  readonly bias: boolean;
  /** Linears of the aligner, to the width of the decoder. */
  readonly alignerDepth: number;
}

export interface VqPlan {
  readonly codes: number;
  readonly codeWidth: number;
  readonly latentChannels: number;
  readonly baseChannels: number;
  /** Widths of the levels as multiples of `baseChannels`, the largest picture first. */
  readonly multipliers: readonly number[];
  readonly blocks: number;
  /** Linears of the aligner, to the width of the decoder. */
  readonly alignerDepth: number;
}

export interface JanusPlan {
  readonly text: LlamaPlan;
  readonly vision: VisionPlan;
  readonly vq: VqPlan;
  /** Rows and columns of a picture's codes, and of its embeddings. */
  readonly grid: number;
}
