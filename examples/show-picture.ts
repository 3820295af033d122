/** Pictures for people: as lines of a terminal with 24-bit colours, and enlarged. Used by `start.ts`. */
import type { ImageContent } from '@any-to-any/core';

/** A character shows two pixels: the upper as the colour of a half block, the lower as its background. */
export function pictureLines({ width, height, data }: ImageContent): string[] {
  const color = (x: number, y: number): string => {
    const at = (y * width + x) * 4;
    return `${data[at]};${data[at + 1]};${data[at + 2]}`;
  };
  return Array.from({ length: height >> 1 }, (_, row) => {
    const cell = (x: number): string => `\x1b[38;2;${color(x, 2 * row)};48;2;${color(x, 2 * row + 1)}m▀`;
    return `${Array.from({ length: width }, (_, x) => cell(x)).join('')}\x1b[0m`;
  });
}

/** Every pixel becomes a square of `factor × factor`. */
export function enlarge({ width, height, data }: ImageContent, factor: number): ImageContent {
  const large = new Uint8Array(data.length * factor ** 2);
  for (let y = 0; y < height * factor; y++) {
    for (let x = 0; x < width * factor; x++) {
      const from = (Math.floor(y / factor) * width + Math.floor(x / factor)) * 4;
      large.set(data.subarray(from, from + 4), (y * width * factor + x) * 4);
    }
  }
  return { modality: 'image', width: width * factor, height: height * factor, data: large };
}
