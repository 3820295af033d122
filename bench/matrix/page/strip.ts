/** Pictures side by side, enlarged without smoothing, with room between them. */
import type { ImageContent } from '@any-to-any/core';

const gap = 6;

/** White between pictures of any sizes, top-aligned; every pixel becomes `scale × scale`. */
export function strip(pictures: readonly ImageContent[], scale: number): ImageContent {
  const width = pictures.reduce((sum, picture) => sum + picture.width * scale + gap, -gap);
  const height = Math.max(...pictures.map((picture) => picture.height * scale));
  const data = new Uint8Array(width * height * 4).fill(255);
  let left = 0;
  for (const picture of pictures) {
    paste(picture, scale, data, width, left, 0);
    left += picture.width * scale + gap;
  }
  return { modality: 'image', width, height, data };
}

/** Strips under each other. */
export function stack(strips: readonly ImageContent[]): ImageContent {
  const width = Math.max(...strips.map((one) => one.width));
  const height = strips.reduce((sum, one) => sum + one.height + gap, -gap);
  const data = new Uint8Array(width * height * 4).fill(255);
  let top = 0;
  for (const one of strips) {
    paste(one, 1, data, width, 0, top);
    top += one.height + gap;
  }
  return { modality: 'image', width, height, data };
}

function paste(
  { width, height, data }: ImageContent,
  scale: number,
  canvas: Uint8Array,
  canvasWidth: number,
  left: number,
  top: number,
): void {
  for (let y = 0; y < height * scale; y++)
    for (let x = 0; x < width * scale; x++) {
      const from = (Math.floor(y / scale) * width + Math.floor(x / scale)) * 4;
      canvas.set(data.subarray(from, from + 4), ((top + y) * canvasWidth + left + x) * 4);
    }
}
