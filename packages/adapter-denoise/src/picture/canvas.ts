/**
 * The picture as far as it is known: pixels, and the ids under them. Gives every patch with what surrounds it.
 * Knows nothing of noise or order.
 */
import type { Rectangle } from '@any-to-any/core';
import { type PatchGrid, rectangleOf } from './grid.ts';

export interface Canvas {
  readonly grid: PatchGrid;
  /** `[3, height, width]`, −1…1. */
  readonly pixels: Float32Array;
  /** By patch: 1 where pixels have come. */
  readonly known: Uint8Array;
}

export function emptyCanvas(grid: PatchGrid): Canvas {
  const { width, height, columns, rows } = grid;
  return { grid, pixels: new Float32Array(3 * width * height), known: new Uint8Array(columns * rows) };
}

/** Puts pixels `[3, rectangle.height, stride]` into a rectangle. True if that changed one. */
export function putPixels(
  { grid, pixels }: Canvas,
  { x, y, width, height }: Rectangle,
  source: Float32Array,
  stride: number,
): boolean {
  const plane = source.length / 3;
  let changed = false;
  for (let channel = 0; channel < 3; channel++) {
    for (let row = 0; row < height; row++) {
      const to = (channel * grid.height + y + row) * grid.width + x;
      const from = channel * plane + row * stride;
      for (let column = 0; column < width; column++) {
        const value = source[from + column]!;
        changed ||= pixels[to + column] !== value;
        pixels[to + column] = value;
      }
    }
  }
  return changed;
}

/**
 * A patch and `halo` pixels around, `[3, side + 2 halo, side + 2 halo]`. Beyond the picture its edge goes on; in place
 * of a neighbour that is not known the patch's own edge does. So what a patch sees is the same in whatever order
 * patches came, once all its neighbours are known.
 */
export function readWindow({ grid, pixels, known }: Canvas, index: number, halo: number): Float32Array {
  const { width, height, side, columns } = grid;
  const own = rectangleOf(grid, index);
  const size = side + 2 * halo;
  const window = new Float32Array(3 * size * size);
  for (let row = 0; row < size; row++) {
    const top = clamp(own.y - halo + row, 0, height - 1);
    for (let column = 0; column < size; column++) {
      let y = top;
      let x = clamp(own.x - halo + column, 0, width - 1);
      if (known[Math.floor(y / side) * columns + Math.floor(x / side)] === 0) {
        y = clamp(y, own.y, own.y + own.height - 1);
        x = clamp(x, own.x, own.x + own.width - 1);
      }
      for (let channel = 0; channel < 3; channel++) {
        window[(channel * size + row) * size + column] = pixels[(channel * height + y) * width + x]!;
      }
    }
  }
  return window;
}

/** The middle of a window: the patch itself, `[3, side, side]`. */
export function middleOf(window: Float32Array, side: number, halo: number): Float32Array {
  const size = side + 2 * halo;
  const middle = new Float32Array(3 * side * side);
  for (let channel = 0; channel < 3; channel++) {
    for (let row = 0; row < side; row++) {
      const from = (channel * size + halo + row) * size + halo;
      middle.set(window.subarray(from, from + side), (channel * side + row) * side);
    }
  }
  return middle;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
