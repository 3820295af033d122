/**
 * Sound content → WAV bytes. The opposite of `read.ts`.
 */
import { endianness } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { AnyToAnyError, type SoundContent } from '@any-to-any/core';
import { checkFinite, checkSoundShape } from '../check.ts';

/** Bits of a sample: whole numbers of 16 or 24, or a float of 32. */
export type WavBits = 16 | 24 | 32;

/** Samples that are turned at once: a millisecond or two. */
const pieceSamples = 1 << 16;

/**
 * The bytes of a WAV file, mono. Samples beyond −1…1 are clipped; 16 and 24 bits are rounded, without dither.
 * Throws CONTENT_INVALID for broken content, CONTENT_TOO_LARGE beyond the 4 GiB of the format.
 */
export function encodeWav(
  content: SoundContent,
  { bits = 16 }: { readonly bits?: WavBits } = {},
): Uint8Array {
  checkSoundShape(content);
  const { samples, rate } = content;
  const parts = [wavHeader(rate, bits, samples.length), wavSamples(samples, bits, 0)];
  return new Uint8Array(Buffer.concat([...parts, wavEnd(bits, samples.length)]));
}

/** The same in pieces, with room for other work in between. */
export async function* wavPieces(
  { rate, samples }: SoundContent,
  bits: WavBits,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield wavHeader(rate, bits, samples.length);
  for (let at = 0; at < samples.length; at += pieceSamples) {
    yield wavSamples(samples.subarray(at, at + pieceSamples), bits, at);
    await setImmediate();
  }
  yield wavEnd(bits, samples.length);
}

/** Everything before the samples: 44 bytes, or 58 for floats. */
export function wavHeader(rate: number, bits: WavBits, samples: number): Uint8Array {
  const float = bits === 32;
  const data = samples * (bits / 8);
  const header = Buffer.alloc(float ? 58 : 44);
  const riff = header.length - 8 + data + (data & 1);
  if (riff >= 2 ** 32) {
    throw new AnyToAnyError(
      'CONTENT_TOO_LARGE',
      `A WAV file holds 4 GiB, got ${samples} samples of ${bits} bits. Write it in parts.`,
      { samples, bits },
    );
  }
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(riff, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(float ? 18 : 16, 16);
  header.writeUInt16LE(float ? 3 : 1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * (bits / 8), 28);
  header.writeUInt16LE(bits / 8, 32);
  header.writeUInt16LE(bits, 34);
  // Formats other than whole numbers say their length in samples too, in a chunk of their own.
  if (float) {
    header.write('fact', 38, 'latin1');
    header.writeUInt32LE(4, 42);
    header.writeUInt32LE(samples, 46);
  }
  header.write('data', header.length - 8, 'latin1');
  header.writeUInt32LE(data, header.length - 4);
  return header;
}

/** Chunks have an even length. */
export function wavEnd(bits: WavBits, samples: number): Uint8Array {
  return new Uint8Array((samples * (bits / 8)) & 1);
}

/** `[0, 1, -2]` at 16 bits → `00 00, ff 7f, 00 80`. `before`: samples that came earlier, for the error. */
export function wavSamples(samples: Float32Array, bits: WavBits, before: number): Uint8Array {
  checkFinite(samples, before);
  if (bits === 32) {
    const clipped = samples.map((sample) => Math.max(-1, Math.min(1, sample)));
    const bytes = Buffer.from(clipped.buffer);
    return endianness() === 'LE' ? bytes : bytes.swap32();
  }
  const scale = 2 ** (bits - 1);
  const step = bits / 8;
  const bytes = new Uint8Array(samples.length * step);
  const view = new DataView(bytes.buffer);
  for (let i = 0, at = 0; i < samples.length; i++, at += step) {
    const value = Math.max(-scale, Math.min(scale - 1, Math.round(samples[i]! * scale)));
    if (bits === 16) view.setInt16(at, value, true);
    else {
      view.setUint16(at, value & 0xffff, true);
      view.setInt8(at + 2, value >> 16);
    }
  }
  return bytes;
}
