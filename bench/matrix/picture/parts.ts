/**
 * What stands where in a picture, by pixels alone: background colour, and the objects by cutting along empty seams.
 * Scenes keep their objects apart at the middle row or column, so two cuts find up to four of them.
 * A port of `training/any_to_any_training/evaluate/parts.py`; the golden test holds the two together.
 */
import type { ImageContent } from '@any-to-any/core';

/** Largest channel difference from the background that still is background. */
const different = 40;
/** Foreground pixels that a seam may hold (blur). */
const seam = 3;
/** Fewer pixels are no object. */
const least = 12;
/** Only a side as long as the whole picture is cut. */
const cuttable = 64;

/** Pixels; `x1` and `y1` lie outside. */
export interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** One byte a pixel, 1 where an object is. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export const centreOf = ({ x0, y0, x1, y1 }: Box): [x: number, y: number] => [(x0 + x1) / 2, (y0 + y1) / 2];

/** RGB of the pixels around the picture; corners count twice. */
function border({ width, height, data }: ImageContent): number[][] {
  const at = (x: number, y: number): number[] => {
    const i = (y * width + x) * 4;
    return [data[i]!, data[i + 1]!, data[i + 2]!];
  };
  const across = Array.from({ length: width }, (_, x) => x);
  const down = Array.from({ length: height }, (_, y) => y);
  return [
    ...across.map((x) => at(x, 0)),
    ...across.map((x) => at(x, height - 1)),
    ...down.map((y) => at(0, y)),
    ...down.map((y) => at(width - 1, y)),
  ];
}

/** The median of the border by channel: its plain colour, maybe between two values. */
export function plainColour(picture: ImageContent): readonly number[] {
  const pixels = border(picture);
  return [0, 1, 2].map((channel) => {
    const sorted = pixels.map((pixel) => pixel[channel]!).sort((a, b) => a - b);
    const middle = sorted.length / 2;
    return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
  });
}

/** The name of the colour that most border pixels are nearest to; the first of equals. */
export function background(
  picture: ImageContent,
  colours: Readonly<Record<string, readonly number[]>>,
): string {
  const names = Object.keys(colours);
  const votes = new Map(names.map((name) => [name, 0]));
  const distance = (pixel: readonly number[], name: string): number =>
    pixel.reduce((sum, value, channel) => sum + (value - colours[name]![channel]!) ** 2, 0);
  for (const pixel of border(picture)) {
    const nearest = first(names, (name) => -distance(pixel, name));
    votes.set(nearest, votes.get(nearest)! + 1);
  }
  return first(names, (name) => votes.get(name)!);
}

/** The first item whose value is the largest. */
function first<T>(items: readonly T[], value: (item: T) => number): T {
  return items.reduce((best, item) => (value(item) > value(best) ? item : best));
}

export function foreground(picture: ImageContent): Mask {
  const { width, height, data } = picture;
  const plain = plainColour(picture);
  const out = new Uint8Array(width * height);
  for (let i = 0; i < out.length; i++) {
    const most = Math.max(...plain.map((value, channel) => Math.abs(data[i * 4 + channel]! - value)));
    out[i] = most > different ? 1 : 0;
  }
  return { width, height, data: out };
}

/** Boxes of the objects, top left first. */
export function parts(mask: Mask, x = 0, y = 0, cuts = 2): Box[] {
  const columns = sums(mask, 'columns');
  const rows = sums(mask, 'rows');
  if (columns.reduce((a, b) => a + b, 0) < least) return [];
  for (const [sum, axis] of [[columns, 'columns'] as const, [rows, 'rows'] as const]) {
    if (cuts === 0 || sum.length < cuttable) continue;
    const middle = Math.floor(sum.length / 2);
    const near = [-2, -1, 0, 1].map((step) => middle + step);
    const at = first(near, (place) => -sum[place]!);
    if (sum[at]! > seam) continue;
    const [before, after] = split(mask, axis, at);
    const right = axis === 'columns' ? at : 0;
    const down = axis === 'rows' ? at : 0;
    return [...parts(before, x, y, cuts - 1), ...parts(after, x + right, y + down, cuts - 1)];
  }
  const [x0, x1] = extent(columns);
  const [y0, y1] = extent(rows);
  return [{ x0: x + x0, y0: y + y0, x1: x + x1, y1: y + y1 }];
}

/** Foreground pixels of every column or row. */
function sums({ width, height, data }: Mask, axis: 'columns' | 'rows'): number[] {
  const out: number[] = new Array(axis === 'columns' ? width : height).fill(0);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const place = axis === 'columns' ? x : y;
      out[place] = out[place]! + data[y * width + x]!;
    }
  return out;
}

function split(mask: Mask, axis: 'columns' | 'rows', at: number): [Mask, Mask] {
  const { width, height } = mask;
  if (axis === 'columns') return [cut(mask, 0, 0, at, height), cut(mask, at, 0, width, height)];
  return [cut(mask, 0, 0, width, at), cut(mask, 0, at, width, height)];
}

function cut({ width, data }: Mask, x0: number, y0: number, x1: number, y1: number): Mask {
  const out = new Uint8Array((x1 - x0) * (y1 - y0));
  for (let y = y0; y < y1; y++) out.set(data.subarray(y * width + x0, y * width + x1), (y - y0) * (x1 - x0));
  return { width: x1 - x0, height: y1 - y0, data: out };
}

const extent = (sum: readonly number[]): [number, number] => [
  sum.findIndex((count) => count > 0),
  sum.findLastIndex((count) => count > 0) + 1,
];
