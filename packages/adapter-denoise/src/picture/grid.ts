/**
 * How a picture falls into patches. Pure arithmetic. Patches at the right and at the bottom may be cut off.
 */
import { AnyToAnyError, type Rectangle } from '@any-to-any/core';

export interface PatchGrid {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Side of a patch, pixels. */
  readonly side: number;
  readonly columns: number;
  readonly rows: number;
}

export function patchGrid(width: number, height: number, side: number): PatchGrid {
  return { width, height, side, columns: Math.ceil(width / side), rows: Math.ceil(height / side) };
}

/** Patches are counted from the top left, row by row. 40 × 20 px in patches of 16: patch 2 → 8 × 16 at (32, 0). */
export function rectangleOf({ width, height, side, columns }: PatchGrid, index: number): Rectangle {
  const x = (index % columns) * side;
  const y = Math.floor(index / columns) * side;
  return { x, y, width: Math.min(side, width - x), height: Math.min(side, height - y) };
}

/** The patch and its neighbours, up to nine. */
export function around({ columns, rows }: PatchGrid, index: number): number[] {
  const found: number[] = [];
  const row = Math.floor(index / columns);
  const column = index % columns;
  for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
    for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++)
      found.push(y * columns + x);
  }
  return found;
}

/** The patches of a rectangle; CONTENT_INVALID unless it consists of whole ones. */
export function patchesUnder(grid: PatchGrid, rectangle: Rectangle): number[] {
  const { width, height, side, columns } = grid;
  const { x, y } = rectangle;
  const right = x + rectangle.width;
  const bottom = y + rectangle.height;
  const starts = [x, y].every((at) => Number.isSafeInteger(at) && at >= 0 && at % side === 0);
  const ends = (at: number, size: number): boolean => at === size || (at < size && at % side === 0);
  if (!starts || !(right > x && bottom > y) || !ends(right, width) || !ends(bottom, height)) {
    throw new AnyToAnyError(
      'CONTENT_INVALID',
      `Expected whole patches of ${side} px in ${width} × ${height}, got ${rectangle.width} × ${rectangle.height} at ` +
        `(${x}, ${y}). Use the adapter with the tokenizer it was made for.`,
      { stage: 'refine', rectangle, side },
    );
  }
  const found: number[] = [];
  for (let row = y / side; row * side < bottom; row++) {
    for (let column = x / side; column * side < right; column++) found.push(row * columns + column);
  }
  return found;
}
