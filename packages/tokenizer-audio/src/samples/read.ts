/**
 * Content or a live stream of samples → checked pieces at the rate a network wants. Comes before every graph.
 * Files are not read here.
 */
import { setImmediate } from 'node:timers/promises';
import { AnyToAnyError, type SoundContent, throwIfAborted } from '@any-to-any/core';
import { Resampler } from './resample.ts';

/** Hz. */
const slowest = 1000;
const fastest = 384_000;

/** Seconds of a piece of whole content: a few milliseconds of resampling. */
const pieceSeconds = 0.25;

/** Throws CONTENT_INVALID for anything that is no sound with at least one sample. The samples are checked later. */
export function checkSound(content: SoundContent): void {
  // Callers without types hand in anything.
  const { modality, rate, samples } = (content ?? {}) as Partial<SoundContent>;
  if (modality !== 'audio' || !(samples instanceof Float32Array)) {
    throw invalid(`Expected { modality: 'audio', rate, samples: Float32Array }, got modality ${modality}.`);
  }
  checkRate(rate);
  if (samples.length === 0) throw invalid('Expected at least one sample, got none.');
}

export function checkRate(rate: number | undefined): asserts rate is number {
  if (rate !== undefined && Number.isInteger(rate) && rate >= slowest && rate <= fastest) return;
  throw invalid(`Expected a rate of ${slowest} to ${fastest} whole Hz, got ${rate}.`);
}

/** Whole content in pieces, with room for other work in between. */
export async function* piecesOf({
  rate,
  samples,
}: SoundContent): AsyncGenerator<Float32Array, void, undefined> {
  const length = Math.ceil(rate * pieceSeconds);
  for (let from = 0; from < samples.length; from += length) {
    yield samples.subarray(from, from + length);
    await setImmediate();
  }
}

/**
 * Pieces of one sound, at `from` Hz, as pieces at `to` Hz.
 * Throws CONTENT_INVALID for a sample that is not a number of −1…1, or if there is none at all; ABORTED.
 */
export async function* readPieces(
  pieces: AsyncIterable<Float32Array>,
  from: number,
  to: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Float32Array, void, undefined> {
  throwIfAborted(signal, 'encode');
  const resampler = from === to ? undefined : new Resampler(from, to);
  let count = 0;
  for await (const piece of pieces) {
    throwIfAborted(signal, 'encode');
    checkSamples(piece, count);
    count += piece.length;
    yield resampler === undefined ? piece : resampler.push(piece);
  }
  if (count === 0) throw invalid('Expected at least one sample, got none.');
  if (resampler !== undefined) yield resampler.end();
}

function checkSamples(samples: Float32Array, before: number): void {
  if (!(samples instanceof Float32Array)) throw invalid('Expected pieces of samples as Float32Array.');
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i]!;
    if (sample >= -1 && sample <= 1) continue; // NaN is not
    throw invalid(`Expected samples of −1…1, got ${sample} at ${before + i}. Scale or clip them.`);
  }
}

function invalid(message: string): AnyToAnyError {
  return new AnyToAnyError('CONTENT_INVALID', message, {
    plugin: '@any-to-any/tokenizer-audio',
    stage: 'encode',
  });
}
