/**
 * Adapter: deltas → deltas, after decoding (denoise, upscale). Content it does not know passes through untouched.
 */
import type { Delta } from './delta.ts';
import type { Shape } from './layout.ts';

export interface Adapter<D extends Delta = Delta> {
  readonly name: string;
  /** The modality whose segments it refines. */
  readonly modality: string;
  adapt(deltas: AsyncIterable<D>, options: AdaptOptions): AsyncIterable<D>;
}

export interface AdaptOptions {
  readonly shape: Shape;
  /** How many times larger a picture should become; absent: as the bundle says. Throws OPTION_INVALID for what it cannot. */
  readonly upscale?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}
