/**
 * Enlarging by Lanczos' windowed sinc with three lobes (Duchon 1979): the baseline that any network has to beat.
 * Pure; needs three pixels around a patch and nothing else, so patches fit together without a seam.
 */
import { setImmediate } from 'node:timers/promises';
import type { Refiner } from './refiner.ts';

const lobes = 3;

/** Pixels that are needed around a patch. */
export const lanczosHalo = lobes;

/** `sinc(x) sinc(x / 3)` within ±3. At 0 → 1, at 1 → 0, at 0.5 → 0.6079. */
export function lanczosWeight(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= lobes) return 0;
  const angle = Math.PI * x;
  return (lobes * Math.sin(angle) * Math.sin(angle / lobes)) / (angle * angle);
}

/**
 * A window `[3, side + 2 halo, side + 2 halo]`, `halo` at least 3 → its middle `scale` times larger,
 * `[3, scale side, scale side]`. Pixel centres keep their place: a constant stays that constant.
 */
export function enlarge(window: Float32Array, side: number, halo: number, scale: number): Float32Array {
  const size = side + 2 * halo;
  const wide = scale * side;
  const taps = tapsOf(side, halo, scale);
  const large = new Float32Array(3 * wide * wide);
  const across = new Float32Array(size * wide);
  for (let channel = 0; channel < 3; channel++) {
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < wide; column++) {
        across[row * wide + column] = weigh(
          taps,
          column,
          (at) => window[(channel * size + row) * size + at]!,
        );
      }
    }
    for (let row = 0; row < wide; row++) {
      for (let column = 0; column < wide; column++) {
        large[(channel * wide + row) * wide + column] = weigh(taps, row, (at) => across[at * wide + column]!);
      }
    }
  }
  return large;
}

/** For every pixel of the result: the first pixel of the window it takes from, and the weights of six in a row. */
interface Taps {
  readonly first: Int32Array;
  readonly weights: Float32Array;
}

function tapsOf(side: number, halo: number, scale: number): Taps {
  const first = new Int32Array(scale * side);
  const weights = new Float32Array(2 * lobes * scale * side);
  for (let i = 0; i < scale * side; i++) {
    const centre = (i + 0.5) / scale - 0.5 + halo;
    first[i] = Math.floor(centre) - lobes + 1;
    const own = Array.from({ length: 2 * lobes }, (_, tap) => lanczosWeight(centre - first[i]! - tap));
    const sum = own.reduce((a, b) => a + b, 0);
    weights.set(
      own.map((weight) => weight / sum),
      2 * lobes * i,
    );
  }
  return { first, weights };
}

function weigh({ first, weights }: Taps, index: number, valueAt: (at: number) => number): number {
  let sum = 0;
  for (let tap = 0; tap < 2 * lobes; tap++)
    sum += weights[2 * lobes * index + tap]! * valueAt(first[index]! + tap);
  return sum;
}

/** Sharpens nothing, only enlarges. */
export function lanczosRefiner(side: number): Refiner {
  const halo = lanczosHalo;
  return {
    side,
    halo,
    async refine(patches) {
      await setImmediate(); // a call takes some milliseconds: others have their turn in between
      return patches.map(({ window, state, enlarge: times }) => ({
        sharp: state,
        large: times === 1 ? undefined : enlarge(window, side, halo, times),
      }));
    },
  };
}
