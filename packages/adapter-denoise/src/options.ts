/**
 * What the denoiser will take and be: patches of an image come in as drafts and go out again, sharper each time.
 * Only the contract so far: no network is here yet, so nothing is registered and the package is not published.
 */
import type { Adapter, ImageDelta } from '@any-to-any/core';

/**
 * Passes every patch on, then sends it again with a higher `revision` and a smaller `sigma`; the last has sigma 0.
 * Upscaled patches say a larger `width × height`, with `rectangle` in those pixels.
 */
export type DenoiseAdapter = Adapter<ImageDelta>;

/** Noise level of each step, falling, in the units of pixels in −1…1. `[0.5, 0.2, 0]` are three steps. */
export type SigmaSchedule = readonly number[];

/** The options a manifest will give the adapter. */
export interface DenoiseOptions {
  /** Side of a patch, pixels: 16, or 32 for the head that works on larger ones. */
  readonly side: 16 | 32;
  /** Pixels around a patch that the network sees as well. */
  readonly halo: number;
  readonly sigmas: SigmaSchedule;
  /** 2 also sends every patch at twice its side, after the last step. */
  readonly scale: 1 | 2;
  /** Graph of the bundle: `pixels [n, 3, side, side]`, `sigma [n]`, `place [n, 2]` → `pixels`. */
  readonly graph: string;
}
