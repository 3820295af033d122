/**
 * Which sound is heard: the nearest of the means of the training clips, by loudness in 24 bands of pitch. No network.
 * A port of `training/any_to_any_training/evaluate/timbre.py`.
 */
import type { SoundContent } from '@any-to-any/core';
import type { Items } from '../items.ts';
import { powers } from '../page/spectrogram.ts';

const window = 320;
const hop = 160;
/** Bins of 50 Hz where the bands begin; the last one ends before 8 kHz. */
const edges = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 28, 33, 39, 46, 55, 65, 77, 91, 108, 128, 160];
/** Natural logarithm of power, below the loudest. */
const floor = -9;

/** By band: the mean loudness of each third of the clip, the spread over time, and the change between frames. */
export function timbre(samples: Float32Array): number[] {
  const count = Math.max(3, Math.floor((samples.length - window) / hop) + 1);
  const raw = Array.from({ length: count }, (_, frame) => {
    const power = powers(samples, frame * hop);
    return edges
      .slice(0, -1)
      .map((from, band) => Math.log(power.slice(from, edges[band + 1]).reduce((a, b) => a + b, 0) + 1e-9));
  });
  const most = Math.max(...raw.map((bands) => Math.max(...bands)));
  const loud = raw.map((bands) => bands.map((value) => Math.max(value - most, floor)));
  const columns = edges.slice(0, -1).map((_, band) => loud.map((bands) => bands[band]!));
  const third = (i: number): number => Math.floor((i * count) / 3);
  return [
    ...[0, 1, 2].flatMap((i) => columns.map((column) => mean(column.slice(third(i), third(i + 1))))),
    ...columns.map((column) => {
      const middle = mean(column);
      return Math.sqrt(mean(column.map((value) => (value - middle) ** 2)));
    }),
    ...columns.map((column) => mean(column.slice(1).map((value, i) => Math.abs(value - column[i]!)))),
  ];
}

/** `the sound of a dog` */
export function nearestSound({ samples }: SoundContent, { timbres }: Items): string {
  const heard = timbre(samples);
  const distance = (at: readonly number[]): number =>
    at.reduce((sum, value, i) => sum + (value - heard[i]!) ** 2, 0);
  return timbres.reduce((best, one) => (distance(one.at) < distance(best.at) ? one : best)).text;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
