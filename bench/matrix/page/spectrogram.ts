/** Sound → picture: time to the right, pitch upwards, loudness as colour. Short-time Fourier transform by definition. */
import type { ImageContent, SoundContent } from '@any-to-any/core';

/** Samples of a window and between windows: 20 ms and 10 ms at 16 kHz. */
const window = 320;
const hop = 160;
/** Loudness below the loudest that is still seen, decibels. */
const range = 60;

/** Dark blue, teal, green, yellow, all a like step brighter than the one before (after viridis of matplotlib). */
const stops: readonly (readonly [number, number, number])[] = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
];

/** 160 pixels high, a pixel for every 10 ms wide; half the rate at the top. */
export function spectrogram({ samples }: SoundContent): ImageContent {
  const bins = window / 2;
  const width = Math.max(1, Math.ceil(samples.length / hop));
  const levels = new Float64Array(width * bins);
  for (let column = 0; column < width; column++) {
    const loud = powers(samples, column * hop - window / 2);
    for (let bin = 0; bin < bins; bin++) levels[column * bins + bin] = 10 * Math.log10(loud[bin]! + 1e-10);
  }
  const top = levels.reduce((a, b) => Math.max(a, b), -100);
  const data = new Uint8Array(width * bins * 4);
  for (let column = 0; column < width; column++)
    for (let bin = 0; bin < bins; bin++) {
      const share = Math.max(0, 1 - (top - levels[column * bins + bin]!) / range);
      data.set([...colourOf(share), 255], ((bins - 1 - bin) * width + column) * 4);
    }
  return { modality: 'image', width, height: bins, data };
}

const cosines = Float64Array.from({ length: window }, (_, i) => Math.cos((2 * Math.PI * i) / window));

/** |DFT|² of a Hann window from `start` on, bins 0 … window/2 − 1; outside of the sound is silence. */
export function powers(samples: Float32Array, start: number): Float64Array {
  const framed = Float64Array.from(
    { length: window },
    (_, i) => (samples[start + i] ?? 0) * (0.5 - 0.5 * cosines[i]!),
  );
  return Float64Array.from({ length: window / 2 }, (_, bin) => {
    let real = 0;
    let imaginary = 0;
    for (let i = 0; i < window; i++) {
      real += framed[i]! * cosines[(i * bin) % window]!;
      imaginary += framed[i]! * cosines[(i * bin + window / 4) % window]!;
    }
    return real * real + imaginary * imaginary;
  });
}

/** 0 … 1 → RGB between the stops. */
export function colourOf(share: number): [number, number, number] {
  const place = Math.min(share, 1) * (stops.length - 1);
  const before = Math.min(Math.floor(place), stops.length - 2);
  const mix = (channel: 0 | 1 | 2): number =>
    Math.round(
      stops[before]![channel] + (place - before) * (stops[before + 1]![channel] - stops[before]![channel]),
    );
  return [mix(0), mix(1), mix(2)];
}
