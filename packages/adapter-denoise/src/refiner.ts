/**
 * What sharpens and enlarges patches: a network or plain arithmetic. Patches of one call know nothing of each other.
 */
import type { Scale } from './options.ts';

export interface Refiner {
  /** Side of a patch, and how much around it is seen, pixels. */
  readonly side: number;
  readonly halo: number;
  refine(patches: readonly Patch[], signal: AbortSignal | undefined): Promise<readonly Refined[]>;
}

export interface Patch {
  /** What was drawn, with its surroundings: `[3, side + 2 halo, side + 2 halo]`, −1…1. */
  readonly window: Float32Array;
  /** The patch as sharp as it is so far: `[3, side, side]`. */
  readonly state: Float32Array;
  /** Noise that is left in `state`; 0: nothing to sharpen. */
  readonly sigma: number;
  /** Where it lies in its picture, in patches. */
  readonly row: number;
  readonly column: number;
  /** The ids of the patch and some around, row by row; empty where the refiner asks for none. */
  readonly ids: Int32Array;
  /** How many times larger it is wanted; 1: at its size alone. */
  readonly enlarge: Scale;
}

export interface Refined {
  /** What the patch would be without any noise: `[3, side, side]`. */
  readonly sharp: Float32Array;
  /** The same enlarged, `[3, enlarge side, enlarge side]`; absent where that is not wanted. */
  readonly large?: Float32Array | undefined;
}
