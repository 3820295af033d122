/**
 * The ways from words to a picture that are compared, and what a process that goes one of them tells. Each way has a
 * process of its own (`child.ts`), so that its memory is its own; judging happens outside of it.
 */
import type { ImageDelta } from '@any-to-any/core';
import type { GraphName } from '../diffusion/lower/lower.ts';

export type Path =
  /** The model decoder: ids one by one, drawn patch by patch. */
  | { readonly kind: 'autoregressive'; readonly previews: 'draft' | 'exact'; readonly refine: boolean }
  /** The baseline: all latents at once, again and again. `previews` shows what each step predicts. */
  | { readonly kind: 'latent'; readonly steps: number; readonly previews: boolean }
  /** Opens nothing: what a process and the runtime take by themselves. */
  | { readonly kind: 'nothing' };

export interface Task {
  readonly path: Path;
  /** Directory of the model's bundle. */
  readonly model: string;
  /** The baseline's graphs, lowered, and its weights' directory. */
  readonly graphs: Readonly<Record<GraphName, string>>;
  readonly weights: string;
  /** The first `warmUp` of them are drawn twice, and told once. */
  readonly prompts: readonly { readonly words: string; readonly seed: number }[];
  readonly warmUp: number;
}

/** A patch of the picture, or all of it, and when it could be seen: ms since the request. */
export interface Seen {
  readonly at: number;
  readonly delta: ImageDelta;
}

export interface Drawing {
  readonly seen: readonly Seen[];
  /** Until nothing more comes, ms. */
  readonly total: number;
  /** The longest time the event loop stood still meanwhile, ms. */
  readonly delay: number;
  /** Positions that went through the decoder, over all rows; steps of the denoiser otherwise. */
  readonly work: { readonly prefilled: number; readonly generated: number };
}

export type Told =
  | { readonly type: 'open'; readonly ms: number }
  | { readonly type: 'drawing'; readonly index: number; readonly drawing: Drawing }
  | { readonly type: 'end'; readonly peakMiB: number };
