/**
 * Whether sound content can go into a file. Runs before anything is written; samples are checked as they are.
 */
import { AnyToAnyError, type SoundContent } from '@any-to-any/core';

/** Hz: the range in which files are read and written. */
export const rates = { least: 1, most: 768_000 };

/** CONTENT_INVALID unless `sound` has samples and a rate that files can hold. */
export function checkSoundShape(sound: SoundContent): void {
  // Callers without types hand in anything.
  const { modality, samples, rate } = (sound ?? {}) as Partial<SoundContent>;
  if (modality !== 'audio' || !(samples instanceof Float32Array)) {
    throw invalid('Expected { modality: "audio", rate, samples: Float32Array }.');
  }
  checkFileRate(rate);
  if (samples.length === 0) throw invalid('Expected at least one sample, got none.');
}

export function checkFileRate(rate: number | undefined): asserts rate is number {
  if (Number.isInteger(rate) && rate! >= rates.least && rate! <= rates.most) return;
  throw invalid(`Expected a rate of ${rates.least} to ${rates.most} whole Hz, got ${rate}.`);
}

/** CONTENT_INVALID for NaN and infinities. `before`: samples that came earlier. */
export function checkFinite(samples: Float32Array, before: number): void {
  for (let i = 0; i < samples.length; i++) {
    if (Number.isFinite(samples[i])) continue;
    throw invalid(`Expected numbers in −1…1, got ${samples[i]} at sample ${before + i}.`);
  }
}

export function invalid(message: string, details: { cause?: unknown } = {}): AnyToAnyError {
  return new AnyToAnyError('CONTENT_INVALID', message, details);
}
