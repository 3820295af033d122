/**
 * Image content → the normalised pixels a vision tower of others was trained on: stretched to a square, or laid on a
 * canvas of tiles, black beside it. `tiles.ts` chooses the canvas.
 */
import type { ImageContent } from '@any-to-any/core';
import { checkImage } from '../picture/check.ts';
import { overWhite } from '../picture/fit.ts';
import { type PillowKernel, type Rgb, resample } from '../picture/resample.ts';
import { canvases, chooseCanvas, sizeOnCanvas } from './tiles.ts';

interface Common {
  /** Of the square, or of a tile, pixels. */
  readonly side: number;
  readonly kernel: Extract<PillowKernel, 'bilinear' | 'bicubic'>;
  /** Of red, green and blue in 0…1: `(value − mean) / deviation`. */
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
}

export type Preparation =
  | (Common & { readonly fit: 'stretch' })
  /** `most` tiles at most. */
  | (Common & { readonly fit: 'tiles'; readonly most: number });

export interface Prepared {
  /** `[tiles, 3, side, side]`. */
  readonly data: Float32Array;
  /** Tiles in use; behind them come zeros up to `most`. */
  readonly tiles: number;
  /** The number of the canvas. */
  readonly aspect: number;
}

export async function preparePixels(image: ImageContent, how: Preparation): Promise<Prepared> {
  checkImage(image);
  const { side, kernel } = how;
  const rgb: Rgb = { width: image.width, height: image.height, data: overWhite(image.data) };
  if (how.fit === 'stretch') {
    const data = new Float32Array(3 * side * side);
    writeTile(await resample(rgb, side, side, kernel), 0, 0, how, data);
    return { data, tiles: 1, aspect: 1 };
  }
  const canvas = chooseCanvas(image.width, image.height, side, how.most);
  const { width, height } = sizeOnCanvas(image.width, image.height, side, canvas);
  const resized = await resample(rgb, width, height, kernel);
  const [rows, columns] = canvas;
  const tiles = rows * columns;
  const data = new Float32Array(how.most * 3 * side * side);
  for (let tile = 0; tile < tiles; tile++) {
    const [left, top] = [(tile % columns) * side, Math.floor(tile / columns) * side];
    writeTile(resized, left, top, how, data.subarray(tile * 3 * side * side));
  }
  const aspect = 1 + canvases(how.most).findIndex(([r, c]) => r === rows && c === columns);
  return { data, tiles, aspect };
}

/** The square of `picture` from `left`, `top` on, planar; what lies beyond the picture is black. */
function writeTile(
  picture: Rgb,
  left: number,
  top: number,
  { side, mean, deviation }: Common,
  target: Float32Array,
): void {
  for (let channel = 0; channel < 3; channel++) {
    const [shift, scale] = [mean[channel]!, deviation[channel]!];
    for (let y = 0, to = channel * side * side; y < side; y++) {
      for (let x = 0; x < side; x++, to++) {
        const inside = top + y < picture.height && left + x < picture.width;
        const byte = inside ? picture.data[((top + y) * picture.width + left + x) * 3 + channel]! : 0;
        target[to] = (byte / 255 - shift) / scale;
      }
    }
  }
}
