/**
 * The held-out scenes as `training/any_to_any_training/patches/items.py` wrote them, at three sizes, and how far a
 * picture is from them. Knows neither tokenizer nor patch stage.
 */
import { join } from 'node:path';
import type { ImageContent } from '@any-to-any/core';
import { loadPictures } from '../matrix/items.ts';

const columns = 4;
const rows = 3;

/** A scene, or four of them on one background, and its true renders: as large, twice, four times. */
export interface Truth {
  readonly small: ImageContent;
  readonly double: ImageContent;
  readonly quadruple: ImageContent;
}

/** `scenes`: of 64 px. `larger`: of 128 px, the four of a row two by two. */
export async function loadTruths(directory: string): Promise<{ scenes: Truth[]; larger: Truth[] }> {
  const [small, double, quadruple] = await Promise.all(
    [64, 128, 256].map((side) => loadPictures(join(directory, `truth-${side}.webp`), columns, side)),
  );
  const scenes = Array.from({ length: columns * rows }, (_, place) => ({
    small: small!(place),
    double: double!(place),
    quadruple: quadruple!(place),
  }));
  const larger = Array.from({ length: rows }, (_, row) => {
    const four = scenes.slice(columns * row, columns * (row + 1));
    return {
      small: twoByTwo(four.map((scene) => scene.small)),
      double: twoByTwo(four.map((scene) => scene.double)),
      quadruple: twoByTwo(four.map((scene) => scene.quadruple)),
    };
  });
  return { scenes, larger };
}

/** Four pictures of one size as one: the first two above the others. */
function twoByTwo(four: readonly ImageContent[]): ImageContent {
  const side = four[0]!.width;
  const data = new Uint8Array(4 * side * side * 4);
  for (const [place, picture] of four.entries()) {
    const [top, left] = [Math.floor(place / 2) * side, (place % 2) * side];
    for (let y = 0; y < side; y++) {
      const from = y * side * 4;
      data.set(picture.data.subarray(from, from + side * 4), ((top + y) * 2 * side + left) * 4);
    }
  }
  return { modality: 'image', width: 2 * side, height: 2 * side, data };
}

/** Peak signal to noise of the colours, decibels. The same picture → Infinity; one level everywhere → 48.13. */
export function psnr(picture: ImageContent, truth: ImageContent): number {
  let sum = 0;
  for (let i = 0; i < truth.data.length; i++)
    if (i % 4 !== 3) sum += (picture.data[i]! - truth.data[i]!) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / (truth.width * truth.height * 3)));
}

/**
 * Mean difference of neighbouring pixels across borders of patches over that inside of patches, and that over the
 * same of the truth: 1, no seam shows.
 */
export function seamRatio(
  pictures: readonly ImageContent[],
  truths: readonly ImageContent[],
  side: number,
): number {
  return seams(pictures, side) / seams(truths, side);
}

function seams(pictures: readonly ImageContent[], side: number): number {
  const across = { sum: 0, count: 0 };
  const inside = { sum: 0, count: 0 };
  for (const { width, height, data } of pictures) {
    const add = (place: number, at: number, step: number): void => {
      const found = place % side === 0 ? across : inside;
      for (let channel = 0; channel < 3; channel++)
        found.sum += Math.abs(data[at + channel]! - data[at - step + channel]!);
      found.count++;
    };
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = (y * width + x) * 4;
        if (x > 0) add(x, at, 4);
        if (y > 0) add(y, at, 4 * width);
      }
    }
  }
  return across.sum / across.count / (inside.sum / inside.count);
}
