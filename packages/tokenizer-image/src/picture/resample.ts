/**
 * Resampling as Pillow does it for bytes, bilinear, bicubic or Lanczos, to the last bit: encoders were trained on its pixels, and
 * the resampler of `sharp` differs from it by up to 30 levels when it enlarges. Long pictures are handled in slices, so
 * that the event loop gets a turn.
 */
import { setImmediate } from 'node:timers/promises';

/** RGB bytes, rows from the top. */
export interface Rgb {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Of the kernels of Pillow. */
export type PillowKernel = 'bilinear' | 'bicubic' | 'lanczos';

/** What one pixel of the result is made of: `weights` of the pixels from `first` on. */
interface Taps {
  readonly first: number;
  /** Fixed point, `precision` bits behind the point. */
  readonly weights: Int32Array;
}

const precision = 22;
/** Products between two turns of the event loop. */
const slice = 1 << 20;

/** Across first, then down; each pass rounds to bytes. */
export async function resample(
  picture: Rgb,
  width: number,
  height: number,
  kernel: PillowKernel,
): Promise<Rgb> {
  const wide = width === picture.width ? picture : await across(picture, width, kernel);
  return height === wide.height ? wide : down(wide, height, kernel);
}

async function across({ width, height, data }: Rgb, to: number, kernel: PillowKernel): Promise<Rgb> {
  const taps = tapsOf(width, to, kernel);
  const result = new Uint8Array(to * height * 3);
  await inSlices(height, to * 3 * taps[0]!.weights.length, (row) => {
    for (let x = 0; x < to; x++) mix(data, row * width * 3, 3, taps[x]!, result, (row * to + x) * 3, 3);
  });
  return { width: to, height, data: result };
}

async function down({ width, height, data }: Rgb, to: number, kernel: PillowKernel): Promise<Rgb> {
  const taps = tapsOf(height, to, kernel);
  const line = width * 3;
  const result = new Uint8Array(line * to);
  await inSlices(to, line * taps[0]!.weights.length, (row) => {
    mix(data, 0, line, taps[row]!, result, row * line, line);
  });
  return { width, height: to, data: result };
}

/** Weighs `count` neighbouring bytes at once, taken every `stride` bytes from `from`. */
function mix(
  source: Uint8Array,
  from: number,
  stride: number,
  { first, weights }: Taps,
  target: Uint8Array,
  to: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    let sum = 1 << (precision - 1);
    let at = from + first * stride + i;
    for (let tap = 0; tap < weights.length; tap++, at += stride) sum += source[at]! * weights[tap]!;
    target[to + i] = Math.max(0, Math.min(255, sum >> precision));
  }
}

export function isPillowKernel(name: string): name is PillowKernel {
  return Object.hasOwn(kernels, name);
}

/** For every pixel of `to` in a row of `from`. The kernel widens with the reduction, which is what keeps edges smooth. */
function tapsOf(from: number, to: number, kernel: PillowKernel): Taps[] {
  const { reach, weigh } = kernels[kernel];
  const scale = from / to;
  const widening = Math.max(1, scale);
  const support = reach * widening;
  return Array.from({ length: to }, (_, index) => {
    const centre = (index + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    const raw = Float64Array.from({ length: end - first }, (__, tap) =>
      weigh((first + tap - centre + 0.5) / widening),
    );
    const sum = raw.reduce((a, b) => a + b, 0);
    const fixed = (weight: number): number => {
      const scaled = (weight / sum) * 2 ** precision;
      return Math.trunc(scaled + (weight < 0 ? -0.5 : 0.5));
    };
    return { first, weights: Int32Array.from(raw, fixed) };
  });
}

const kernels = {
  bilinear: { reach: 1, weigh: (distance: number) => Math.max(0, 1 - Math.abs(distance)) },
  bicubic: { reach: 2, weigh: cubic },
  lanczos: { reach: 3, weigh: lanczos },
} as const satisfies Record<PillowKernel, unknown>;

/** Keys' kernel with a = −0.5. */
function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((x - 5) * x + 8) * x * -0.5 + 2 : 0;
}

/** Three lobes. */
function lanczos(distance: number): number {
  return Math.abs(distance) < 3 ? sinc(distance) * sinc(distance / 3) : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

async function inSlices(rows: number, work: number, handle: (row: number) => void): Promise<void> {
  const step = Math.max(1, Math.floor(slice / work));
  for (let row = 0; row < rows; row++) {
    if (row > 0 && row % step === 0) await setImmediate();
    handle(row);
  }
}
