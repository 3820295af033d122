/**
 * Adapter: deltas → deltas, after decoding (denoise, upscale). Content it does not know passes through untouched.
 */
import type { Delta } from './delta.ts';
import type { Shape } from './layout.ts';

export interface Adapter<D extends Delta = Delta> {
  readonly name: string;
  /** The modality whose segments it refines. */
  readonly modality: string;
  /** What a request may choose of it. Absent: it refines nothing, or always in the same way. */
  readonly choices?: AdapterChoices | undefined;
  adapt(deltas: AsyncIterable<D>, options: AdaptOptions): AsyncIterable<D>;
}

/** For apps that show what there is to choose; a request that leaves it out gets the usual. */
export interface AdapterChoices {
  /** What `upscale` may be, the usual one first. Absent: it enlarges nothing. */
  readonly upscale?: readonly number[] | undefined;
  /** Usual number of `steps`. Absent: it has none. */
  readonly steps?: number | undefined;
}

export interface AdaptOptions {
  readonly shape: Shape;
  /** How many times larger a picture should become; absent: as the bundle says. Throws OPTION_INVALID for what it cannot. */
  readonly upscale?: number | undefined;
  /** Most steps a patch goes through; absent: as the bundle says. Throws OPTION_INVALID where there are none. */
  readonly steps?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}
