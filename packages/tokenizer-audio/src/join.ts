/**
 * Deltas → sound, by appending.
 */
import { AnyToAnyError, type SoundContent, type SoundDelta } from '@any-to-any/core';
import { concatenate } from './samples/concatenate.ts';

/** `rate` is what the sound has if there is no delta at all. Throws CONTENT_INVALID for deltas of different rates. */
export function joinSound(deltas: Iterable<SoundDelta>, rate: number): SoundContent {
  const all = [...deltas];
  const rates = new Set(all.map((delta) => delta.rate));
  if (rates.size > 1) {
    throw new AnyToAnyError(
      'CONTENT_INVALID',
      `Expected deltas of one rate, got ${[...rates].join(' and ')} Hz. Let an adapter send all of a segment.`,
      { rates: [...rates] },
    );
  }
  const [own = rate] = rates;
  return { modality: 'audio', rate: own, samples: concatenate(all.map((delta) => delta.samples)) };
}
