/**
 * The growing picture at the size of its preview: patches in, pixels out. What has not come stays transparent.
 * Only for showing; the picture itself is joined by its plugin.
 */
import type { ImageDelta, Rectangle } from '@any-to-any/core';
import type { Pixels } from './half-block.ts';

export interface Canvas {
  readonly pixels: Pixels;
  /** A patch of any resolution; an older revision of a rectangle is ignored. */
  paint(patch: ImageDelta): void;
}

/** The largest size within the limits that keeps the aspect ratio; never larger than the picture. */
export function fitInside(
  picture: { readonly width: number; readonly height: number },
  most: { readonly width: number; readonly height: number },
): { width: number; height: number } {
  const scale = Math.min(1, most.width / picture.width, most.height / picture.height);
  const side = (value: number): number => Math.max(1, Math.round(value * scale));
  return { width: side(picture.width), height: side(picture.height) };
}

export function createCanvas(width: number, height: number): Canvas {
  const data = new Uint8Array(width * height * 4);
  const revisions = new Map<string, number>();

  function paint(patch: ImageDelta): void {
    const { x, y, width: across, height: down } = patch.rectangle;
    const key = [x / patch.width, y / patch.height, across / patch.width, down / patch.height].join();
    if ((revisions.get(key) ?? 0) > patch.revision) return;
    revisions.set(key, patch.revision);
    const horizontal = patch.width / width;
    const vertical = patch.height / height;
    for (let row = 0; row < height; row++) {
      const top = row * vertical;
      if (!holds(top + vertical / 2, y, down)) continue;
      for (let column = 0; column < width; column++) {
        const left = column * horizontal;
        if (!holds(left + horizontal / 2, x, across)) continue;
        const area = { x: left, y: top, width: horizontal, height: vertical };
        data.set(averageOf(patch, area), (row * width + column) * 4);
      }
    }
  }
  return { pixels: { width, height, data }, paint };
}

const holds = (centre: number, from: number, length: number): boolean =>
  centre >= from && centre < from + length;

/** The mean RGBA of the patch's pixels in `area` (pixels of the picture), or of the nearest one. */
function averageOf({ rectangle, data }: ImageDelta, area: Rectangle): number[] {
  const [left, right] = span(area.x - rectangle.x, area.width, rectangle.width);
  const [top, bottom] = span(area.y - rectangle.y, area.height, rectangle.height);
  const sum = [0, 0, 0, 0];
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const at = (row * rectangle.width + column) * 4;
      for (let channel = 0; channel < 4; channel++) sum[channel]! += data[at + channel]!;
    }
  }
  const count = (right - left) * (bottom - top);
  return sum.map((value) => Math.round(value / count));
}

/** `[first, end)` of the pixels that a stretch covers, at least one, cut to `0 … size`. */
function span(from: number, length: number, size: number): [number, number] {
  const first = Math.min(size - 1, Math.max(0, Math.floor(from)));
  return [first, Math.min(size, Math.max(first + 1, Math.floor(from + length)))];
}
