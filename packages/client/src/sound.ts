/**
 * Sound: deltas → samples, and what people see and keep of them (peaks for a waveform, a WAV file).
 * Playing is in `player.ts`.
 */
import type { SoundContent, SoundDelta } from '@any-to-any/core';
import { AnyToAnyError } from '@any-to-any/core/wire';

export class SoundBuilder implements SoundContent {
  readonly modality = 'audio';
  rate = 0;
  #samples = new Float32Array(0);
  #length = 0;

  /** All that has come so far. */
  get samples(): Float32Array<ArrayBuffer> {
    return this.#samples.subarray(0, this.#length);
  }

  get seconds(): number {
    return this.rate === 0 ? 0 : this.#length / this.rate;
  }

  /** Throws CONTENT_INVALID if the rate changes or is none. */
  add({ rate, samples }: SoundDelta): void {
    if (!(rate > 0) || (this.rate !== 0 && rate !== this.rate)) {
      const expected = this.rate === 0 ? 'a rate above 0' : `${this.rate}`;
      throw new AnyToAnyError('CONTENT_INVALID', `Expected ${expected} Hz in a sound, got ${rate}.`);
    }
    this.rate = rate;
    const length = this.#length + samples.length;
    if (length > this.#samples.length) {
      const larger = new Float32Array(Math.max(length, this.#samples.length * 2));
      larger.set(this.samples);
      this.#samples = larger;
    }
    this.#samples.set(samples, this.#length);
    this.#length = length;
  }
}

/** The loudest of each of `count` stretches of equal length, 0…1: `peaks([0, -1, 0.5, 0.25], 2)` → [1, 0.5]. */
export function peaks(samples: Float32Array, count: number): Float32Array {
  const loudest = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    const end = Math.ceil(((index + 1) * samples.length) / count);
    for (let at = Math.floor((index * samples.length) / count); at < end; at++) {
      loudest[index] = Math.max(loudest[index]!, Math.min(1, Math.abs(samples[at]!)));
    }
  }
  return loudest;
}

/** A WAV file of 16 bits, mono (RIFF, little endian; header of 44 bytes). */
export function toWav({ rate, samples }: SoundContent): Blob {
  const bytes = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const word = (at: number, text: string): void => {
    for (let i = 0; i < 4; i++) bytes.setUint8(at + i, text.charCodeAt(i));
  };
  word(0, 'RIFF');
  bytes.setUint32(4, 36 + samples.length * 2, true);
  word(8, 'WAVE');
  word(12, 'fmt ');
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true); // whole numbers, not floats
  bytes.setUint16(22, 1, true);
  bytes.setUint32(24, rate, true);
  bytes.setUint32(28, rate * 2, true);
  bytes.setUint16(32, 2, true);
  bytes.setUint16(34, 16, true);
  word(36, 'data');
  bytes.setUint32(40, samples.length * 2, true);
  for (const [index, sample] of samples.entries()) {
    const value = Math.round(Math.max(-1, Math.min(1, sample)) * 32_767);
    bytes.setInt16(44 + index * 2, value, true);
  }
  return new Blob([bytes.buffer], { type: 'audio/wav' });
}
