/**
 * What the sound tokenizer will take and be: samples ⇄ codes of a residual codec, streamed both ways.
 * Only the contract so far: no codec is here yet, so nothing is registered and the package is not published.
 */
import type { SoundContent, SoundDelta, Tokenizer } from '@any-to-any/core';

/** A line of ids, `codebooks` ids a frame; its deltas are joined by appending. */
export type SoundTokenizer = Tokenizer<SoundContent, SoundDelta>;

/** The options a manifest will give the plugin, in the manner of EnCodec (Défossez et al. 2022, arXiv 2210.13438). */
export interface SoundCodecOptions {
  readonly kind: 'codec';
  /** Samples per second the codec works at, Hz; other rates are resampled on the way in. */
  readonly rate: number;
  /** Samples per frame: 320 at 16 000 Hz make 50 frames a second. */
  readonly stride: number;
  /** Ids of one codebook. */
  readonly size: number;
  /** Codebooks of the residual quantiser, and so ids per frame: 1–4. */
  readonly codebooks: number;
  /** Frames before the first sample that a frame of the decoder depends on, since its convolutions are causal. */
  readonly past: number;
  /** Buckets of the line layout, and the distance, in ids, from which all share the last one. */
  readonly buckets: number;
  readonly maxDistance: number;
  /** Graphs of the bundle: `samples [1, n]` → `ids [1, frames, codebooks]`, and back. */
  readonly encode: string;
  readonly decode: string;
}
