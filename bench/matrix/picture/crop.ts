/**
 * A square around an object, scaled as Pillow's `Image.resize(…, BILINEAR, box)` does it, to the last bit
 * (github.com/python-pillow/Pillow, src/libImaging/Resample.c): the judge has learnt from such crops.
 */
import type { ImageContent } from '@any-to-any/core';
import { type Box, centreOf, plainColour } from './parts.ts';

export const side = 32;
/** Pixels around the object. */
const margin = 2;
/** Bits after the point of a weight. */
const precision = 22;

/** RGB, `side × side × 3`, rows from the top. What lies outside of the picture is background. */
export function crop(picture: ImageContent, box: Box): Uint8Array {
  const half = Math.max(box.x1 - box.x0, box.y1 - box.y0) / 2 + margin;
  const [x, y] = centreOf(box);
  const plain = plainColour(picture).map(Math.floor);
  const { width, height, data } = picture;
  const { first, last, weights } = weightsOf(x - half, x + half, -width, 2 * width);
  const rows = weightsOf(y - half, y + half, -height, 2 * height);
  // Across, for every row that is needed, rounded to whole values; then down.
  const top = rows.first[0]!;
  const across = new Uint8Array((rows.last[side - 1]! - top) * side * 3);
  const valueAt = (column: number, row: number, channel: number): number =>
    column < 0 || row < 0 || column >= width || row >= height
      ? plain[channel]!
      : data[(row * width + column) * 4 + channel]!;
  for (let row = top; row < rows.last[side - 1]!; row++)
    for (let i = 0; i < side; i++)
      for (let channel = 0; channel < 3; channel++)
        across[((row - top) * side + i) * 3 + channel] = weigh(first[i]!, last[i]!, weights[i]!, (column) =>
          valueAt(column, row, channel),
        );
  const out = new Uint8Array(side * side * 3);
  for (let j = 0; j < side; j++)
    for (let i = 0; i < side * 3; i++)
      out[j * side * 3 + i] = weigh(
        rows.first[j]!,
        rows.last[j]!,
        rows.weights[j]!,
        (row) => across[(row - top) * side * 3 + i]!,
      );
  return out;
}

function weigh(
  first: number,
  last: number,
  weights: readonly number[],
  at: (place: number) => number,
): number {
  let sum = 2 ** (precision - 1);
  for (let place = first; place < last; place++) sum += at(place) * weights[place - first]!;
  return Math.max(0, Math.min(255, Math.floor(sum / 2 ** precision)));
}

interface Weights {
  /** By output pixel: the first input pixel that counts, and the one after the last. */
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly weights: readonly (readonly number[])[];
}

/** Triangles over `from … to`, as wide as an output pixel where the picture shrinks; inputs are `least … most − 1`. */
function weightsOf(from: number, to: number, least: number, most: number): Weights {
  const scale = (to - from) / side;
  const support = Math.max(scale, 1);
  const first: number[] = [];
  const last: number[] = [];
  const weights: number[][] = [];
  for (let i = 0; i < side; i++) {
    const centre = from + (i + 0.5) * scale;
    const begin = Math.max(least, Math.floor(centre - support + 0.5));
    const end = Math.min(most, Math.floor(centre + support + 0.5));
    const own = Array.from({ length: end - begin }, (_, j) =>
      Math.max(0, 1 - Math.abs((j + begin - centre + 0.5) / support)),
    );
    const sum = own.reduce((a, b) => a + b, 0);
    first.push(begin);
    last.push(end);
    weights.push(own.map((weight) => Math.floor(0.5 + (weight / sum) * 2 ** precision)));
  }
  return { first, last, weights };
}
