/**
 * Tiles: pictures that are made apart, all at once, and shown as one larger picture.
 */
import type { ImageDelta } from '@any-to-any/core';
import { AnyToAnyError } from '@any-to-any/core/wire';

export interface Tile {
  /** Which of `rows` and `columns` it is, from 0. */
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

/**
 * A patch of one tile → the same patch of the whole: tile (0, 1) of 1 × 2 with a patch at (0, 0) of 64 × 64 → a patch at
 * (64, 0) of 128 × 64. All tiles have one size. Throws OPTION_INVALID for a tile that is none of them.
 */
export function placeTile(patch: ImageDelta, { row, column, rows, columns }: Tile): ImageDelta {
  const whole = [row, column, rows, columns].every(Number.isSafeInteger);
  if (!whole || row < 0 || column < 0 || row >= rows || column >= columns) {
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `Expected a tile of ${rows} × ${columns}, counted from 0, got row ${row}, column ${column}.`,
    );
  }
  const { rectangle, width, height } = patch;
  const { x, y } = rectangle;
  return {
    ...patch,
    width: width * columns,
    height: height * rows,
    rectangle: { ...rectangle, x: x + column * width, y: y + row * height },
  };
}
