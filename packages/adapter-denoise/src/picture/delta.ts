/**
 * Deltas of a picture as the adapter takes and gives them.
 */
import { AnyToAnyError, type ImageDelta, type Rectangle } from '@any-to-any/core';
import type { PatchGrid } from './grid.ts';

/** True for a delta with pixels; others pass through untouched. */
export function isImageDelta(delta: { readonly modality: string }): delta is ImageDelta {
  return delta.modality === 'image' && 'rectangle' in delta && 'data' in delta;
}

/** Throws CONTENT_INVALID unless the delta belongs to a picture of the grid's size and is whole. */
export function checkDelta(delta: ImageDelta, { width, height }: PatchGrid): void {
  const { rectangle, data, revision, sigma } = delta;
  if (delta.width !== width || delta.height !== height) {
    throw invalid(
      `patches of one picture of ${width} × ${height}`,
      `one of ${delta.width} × ${delta.height}`,
    );
  }
  const bytes = rectangle.width * rectangle.height * 4;
  if (data.length !== bytes) throw invalid(`${bytes} bytes of RGBA in a patch`, String(data.length));
  if (!Number.isSafeInteger(revision) || revision < 0) throw invalid('a revision from 0', String(revision));
  if (!(sigma >= 0)) throw invalid('a sigma from 0', String(sigma));
}

/** Throws CONTENT_INVALID unless width and height are pixels. */
export function checkSize({ width, height }: ImageDelta): void {
  if ([width, height].every((side) => Number.isSafeInteger(side) && side > 0 && side <= 1 << 15)) return;
  throw invalid('a picture of 1 … 32768 px a side', `${width} × ${height}`);
}

/** `times` times larger. */
export function scaled({ x, y, width, height }: Rectangle, times: number): Rectangle {
  return { x: x * times, y: y * times, width: width * times, height: height * times };
}

/** `inner` out of pixels `[3, outer.height, outer.width]`; both rectangles lie in the same picture. */
export function cutPixels(pixels: Float32Array, outer: Rectangle, inner: Rectangle): Float32Array {
  const found = new Float32Array(3 * inner.width * inner.height);
  for (let channel = 0; channel < 3; channel++) {
    for (let row = 0; row < inner.height; row++) {
      const from = (channel * outer.height + inner.y - outer.y + row) * outer.width + inner.x - outer.x;
      found.set(pixels.subarray(from, from + inner.width), (channel * inner.height + row) * inner.width);
    }
  }
  return found;
}

function invalid(expected: string, found: string): AnyToAnyError {
  return new AnyToAnyError('CONTENT_INVALID', `Expected ${expected}, got ${found}.`, {
    plugin: '@any-to-any/adapter-denoise',
    stage: 'refine',
  });
}
