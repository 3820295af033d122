/**
 * Ids in the order of the layout → a grid of them in raster order, counted and checked one by one. Before the decoders.
 */
import { AnyToAnyError, cellOf, type Shape } from '@any-to-any/core';
import { gridOf } from './grids.ts';
import type { IdGrid } from './region.ts';

export interface Filling {
  /** Raster order; 0 where no id has come yet. */
  readonly grid: IdGrid;
  /** Ids so far. */
  readonly count: number;
  /** Throws ID_OUT_OF_RANGE for what is no id, SHAPE_MISMATCH for one too many. */
  put(id: number): { readonly row: number; readonly column: number };
  /** Throws SHAPE_MISMATCH if ids are missing. */
  checkFull(): void;
}

/** `size`: how many ids there are to choose from. */
export function fillGrid(shape: Shape, block: number, size: number): Filling {
  const { rows, columns } = gridOf(shape, block);
  const grid: IdGrid = { ids: new Int32Array(rows * columns), rows, columns };
  const total = rows * columns;
  let count = 0;
  return {
    grid,
    get count() {
      return count;
    },
    put(id) {
      if (count === total) throw wrongCount(`more than ${total}`, grid);
      checkId(id, size, count);
      const cell = cellOf(count++, columns, block);
      grid.ids[cell.row * columns + cell.column] = id;
      return cell;
    },
    checkFull() {
      if (count < total) throw wrongCount(String(count), grid);
    },
  };
}

function checkId(id: number, size: number, index: number): void {
  if (Number.isInteger(id) && id >= 0 && id < size) return;
  throw new AnyToAnyError(
    'ID_OUT_OF_RANGE',
    `Expected an image id of 0 … ${size - 1}, got ${id} at ${index}.`,
    {
      id,
      size,
      index,
      stage: 'decode',
    },
  );
}

function wrongCount(actual: string, { rows, columns }: IdGrid): AnyToAnyError {
  return new AnyToAnyError(
    'SHAPE_MISMATCH',
    `A picture of ${rows} × ${columns} has exactly ${rows * columns} ids, got ${actual}.`,
    { stage: 'decode', expected: [rows, columns], actual },
  );
}
