/**
 * WAV bytes as they come → mono samples as they come. Own code: the readers of the registry take whole buffers, give
 * no limits, and stumble over streams and unusual chunks.
 */
import { AnyToAnyError } from '@any-to-any/core';
import { invalid } from '../check.ts';
import type { ByteReader } from './byte-reader.ts';
import type { Encoding, WavHeader } from './header.ts';

const width: Readonly<Record<Encoding, number>> = { u8: 1, s16: 2, s24: 3, s32: 4, f32: 4, f64: 8 };

/** A value of the sample at `at`, in −1…1 for whole numbers. */
const sampleOf: Readonly<Record<Encoding, (view: DataView, at: number) => number>> = {
  u8: (view, at) => (view.getUint8(at) - 128) / 2 ** 7,
  s16: (view, at) => view.getInt16(at, true) / 2 ** 15,
  s24: (view, at) => ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 2 ** 23,
  s32: (view, at) => view.getInt32(at, true) / 2 ** 31,
  f32: (view, at) => view.getFloat32(at, true),
  f64: (view, at) => view.getFloat64(at, true),
};

/** A header whose samples can be read here. */
export type PlainHeader = WavHeader & { readonly encoding: Encoding };

/**
 * The mean of all channels, clipped to −1…1. `size`: bytes of the file, where that is known.
 * Throws CONTENT_INVALID for a file that ends too early and for samples that are no numbers, and CONTENT_TOO_LARGE
 * beyond `seconds`, before anything is read if the header says so.
 */
export async function* readWavSamples(
  reader: ByteReader,
  { rate, channels, encoding, bytes }: PlainHeader,
  { seconds, size }: { readonly seconds: number; readonly size: number | undefined },
): AsyncGenerator<Float32Array, void, undefined> {
  const frame = channels * width[encoding];
  const most = seconds * rate;
  checkLength((bytes ?? 0) / frame, rate, seconds);
  const left = size === undefined ? undefined : size - reader.position;
  if (bytes !== undefined && left !== undefined && left < bytes) throw cut(bytes, left);

  let count = 0; // frames
  let taken = 0; // bytes
  let rest: Uint8Array = new Uint8Array(0); // of a frame that is not complete
  for (;;) {
    const piece = await reader.next(bytes === undefined ? undefined : bytes - taken);
    if (!piece) break;
    taken += piece.length;
    const all = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const samples = monoOf(all, channels, encoding, count);
    rest = all.subarray(samples.length * frame);
    count += samples.length;
    if (count > most) checkLength(count, rate, seconds);
    if (samples.length > 0) yield samples;
    if (taken === bytes) break;
  }
  if (bytes !== undefined && taken < bytes) throw cut(bytes, taken);
  if (count === 0) throw invalid('The WAV file has no samples. Give a complete file.');
}

/** `before`: frames that came earlier, to say where a broken one is. */
function monoOf(bytes: Uint8Array, channels: number, encoding: Encoding, before: number): Float32Array {
  const step = width[encoding];
  const value = sampleOf[encoding];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mono = new Float32Array(Math.floor(bytes.length / (channels * step)));
  for (let i = 0, at = 0; i < mono.length; i++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++, at += step) sum += value(view, at);
    const mean = sum / channels;
    if (!Number.isFinite(mean)) {
      throw invalid(`Expected numbers in −1…1, got ${mean} at sample ${before + i} of the WAV file.`);
    }
    mono[i] = Math.max(-1, Math.min(1, mean));
  }
  return mono;
}

function checkLength(frames: number, rate: number, limit: number): void {
  const seconds = frames / rate;
  if (seconds <= limit) return;
  throw new AnyToAnyError(
    'CONTENT_TOO_LARGE',
    `Expected at most ${limit} seconds of sound, got ${seconds.toFixed(1)} or more. ` +
      'Give a shorter file or raise the option seconds.',
    { seconds, limit },
  );
}

function cut(promised: number, there: number): AnyToAnyError {
  return invalid(
    `The WAV file is cut off: it promises ${promised} bytes of samples and has ${there}. Give a complete file.`,
  );
}
