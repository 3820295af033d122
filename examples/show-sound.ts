/** Sound for people: as one line of blocks, each twice as loud as the one below. Used by `start.ts`. */
import type { SoundDelta } from '@any-to-any/core';

/** Seconds of a block. */
const bar = 0.08;

/** The loudest sample of each bar, and how long it is: `▁▃▇█▅▂ 0.46 s` */
export function soundLine(pieces: readonly SoundDelta[]): string {
  const peaks: number[] = [];
  let seconds = 0;
  for (const { rate, samples } of pieces) {
    for (let i = 0; i < samples.length; i++) {
      const at = Math.floor((seconds + i / rate) / bar);
      peaks[at] = Math.max(peaks[at] ?? 0, Math.abs(samples[i]!));
    }
    seconds += samples.length / rate;
  }
  const block = (peak: number): string =>
    '▁▂▃▄▅▆▇█'[Math.max(0, Math.min(7, Math.floor(8 + Math.log2(peak))))]!;
  return `${peaks.map(block).join('')} ${seconds.toFixed(2)} s`;
}
