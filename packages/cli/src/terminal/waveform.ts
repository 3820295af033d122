/**
 * A sound as one line of text: a character for the loudest sample of each stretch of time. Pure, but for what it keeps.
 */
import type { SoundDelta } from '@any-to-any/core';

/** Seconds of a bar while there is room for that. */
const finest = 0.02;

const blocks = '▁▂▃▄▅▆▇█';

export interface Waveform {
  readonly seconds: number;
  add(delta: SoundDelta): void;
  /** The whole sound in at most `width` characters; bars grow to twice their time as often as that needs. */
  line(width: number): string;
}

export function createWaveform(): Waveform {
  const peaks: number[] = [];
  let seconds = 0;
  return {
    get seconds() {
      return seconds;
    },
    add({ rate, samples }) {
      const first = seconds;
      for (let i = 0; i < samples.length; i++) {
        const bar = Math.floor((first + i / rate) / finest + 1e-6);
        peaks[bar] = Math.max(peaks[bar] ?? 0, Math.abs(samples[i]!));
      }
      seconds += samples.length / rate;
    },
    line: (width) => shrink(peaks, Math.max(1, width)).map(blockOf).join(''),
  };
}

/** `[1, 2, 3]` in 2 → `[2, 3]`: neighbours become one until it fits. */
function shrink(peaks: readonly number[], width: number): readonly number[] {
  if (peaks.length <= width) return peaks;
  const halved = Array.from({ length: Math.ceil(peaks.length / 2) }, (_, i) =>
    Math.max(peaks[2 * i]!, peaks[2 * i + 1] ?? 0),
  );
  return shrink(halved, width);
}

/** Each block is 6 dB, twice as loud as the one below: 0.5 and more → █, 0.25 → ▇, below 0.008 → ▁. */
function blockOf(peak: number): string {
  const level = Math.floor(8 + Math.log2(peak));
  return blocks[Math.max(0, Math.min(blocks.length - 1, level))]!;
}
