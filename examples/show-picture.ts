/** Pictures for people, as lines of a terminal with 24-bit colours. Used by `start.ts`. */
import type { ImageContent } from '@any-to-any/core';

/** Most characters of a line. */
const widest = 64;

/** A character shows two pixels: the upper as the colour of a half block, the lower as its background. */
export function pictureLines(image: ImageContent): string[] {
  const { width, height, data } = shrink(image, Math.ceil(image.width / widest));
  const color = (x: number, y: number): string => {
    const at = (y * width + x) * 4;
    return `${data[at]};${data[at + 1]};${data[at + 2]}`;
  };
  return Array.from({ length: height >> 1 }, (_, row) => {
    const cell = (x: number): string => `\x1b[38;2;${color(x, 2 * row)};48;2;${color(x, 2 * row + 1)}m▀`;
    return `${Array.from({ length: width }, (_, x) => cell(x)).join('')}\x1b[0m`;
  });
}

/** Every square of `factor × factor` becomes a pixel: their mean. */
function shrink({ width, height, data }: ImageContent, factor: number): ImageContent {
  const [columns, rows] = [Math.floor(width / factor), Math.floor(height / factor)];
  const small = new Uint8Array(columns * rows * 4);
  for (let i = 0; i < small.length; i++) {
    const [left, top] = [(Math.floor(i / 4) % columns) * factor, Math.floor(i / 4 / columns) * factor];
    let sum = 0;
    for (let y = top; y < top + factor; y++)
      for (let x = left; x < left + factor; x++) sum += data[(y * width + x) * 4 + (i % 4)]!;
    small[i] = Math.round(sum / factor ** 2);
  }
  return { modality: 'image', width: columns, height: rows, data: small };
}
