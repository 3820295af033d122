/**
 * How a picture falls into tiles for a network that sees far: what each gives, and what it sees. Pure arithmetic.
 */
import type { Rectangle } from '@any-to-any/core';

export interface TileSizes {
  /** Side of what a tile gives, and what it sees around, pixels. */
  readonly tile: number;
  readonly overlap: number;
}

export interface Tile {
  /** What it gives. The tiles of a picture lie side by side. */
  readonly inner: Rectangle;
  /** What it sees: `overlap` more on every side, as far as there is picture. */
  readonly outer: Rectangle;
}

/**
 * Row by row. A side that one tile could see whole is not cut. 200 × 100 px in tiles of 64 that see 32 around →
 * 4 × 1, of which the second gives 64 … 127 and sees 32 … 159.
 */
export function tilesOf(width: number, height: number, sizes: TileSizes): Tile[] {
  const rows = spansOf(height, sizes);
  const columns = spansOf(width, sizes);
  return rows.flatMap((row) =>
    columns.map(
      (column): Tile => ({
        inner: rectangle(column.inner, row.inner),
        outer: rectangle(column.outer, row.outer),
      }),
    ),
  );
}

/** The first pixel, and the one after the last. */
type Span = readonly [number, number];

function spansOf(
  size: number,
  { tile, overlap }: TileSizes,
): { readonly inner: Span; readonly outer: Span }[] {
  const whole: Span = [0, size];
  if (size <= tile + 2 * overlap) return [{ inner: whole, outer: whole }];
  return Array.from({ length: Math.ceil(size / tile) }, (_, i) => {
    const [from, to] = [i * tile, Math.min((i + 1) * tile, size)];
    return { inner: [from, to], outer: [Math.max(0, from - overlap), Math.min(size, to + overlap)] };
  });
}

function rectangle([left, right]: Span, [top, bottom]: Span): Rectangle {
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** What two rectangles share; undefined: nothing. */
export function shared(a: Rectangle, b: Rectangle): Rectangle | undefined {
  const [x, y] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : undefined;
}
