/**
 * The ids under a picture, as far as the tokenizer told them.
 */
import { AnyToAnyError, type Rectangle } from '@any-to-any/core';
import { type PatchGrid, rectangleOf } from './grid.ts';

export interface IdMap {
  /** Pixels a side per id. */
  readonly factor: number;
  /** Stands for an id that is not known. */
  readonly unknown: number;
  readonly columns: number;
  readonly rows: number;
  readonly ids: Int32Array;
}

export function emptyIdMap({ width, height }: PatchGrid, factor: number, unknown: number): IdMap {
  const columns = Math.ceil(width / factor);
  const rows = Math.ceil(height / factor);
  return { factor, unknown, columns, rows, ids: new Int32Array(columns * rows).fill(unknown) };
}

/** CONTENT_INVALID unless there are as many ids as lie under the rectangle, each below `unknown`. */
export function checkIds(map: IdMap, { width, height }: Rectangle, ids: Uint32Array): void {
  const across = Math.ceil(width / map.factor);
  const down = Math.ceil(height / map.factor);
  if (ids.length !== across * down || ids.some((id) => id >= map.unknown)) {
    throw new AnyToAnyError(
      'CONTENT_INVALID',
      `Expected ${down} × ${across} ids below ${map.unknown} under a patch of ${width} × ${height}, got ${ids.length}: ` +
        `${ids.slice(0, 8).join(', ')}. Use the adapter with the tokenizer it was made for.`,
      { stage: 'refine', expected: across * down, actual: ids.length },
    );
  }
}

/** Puts those of `ids`, which lie under `outer`, that lie under `inner`. */
export function putIds(map: IdMap, outer: Rectangle, ids: Uint32Array, inner: Rectangle): void {
  const across = Math.ceil(outer.width / map.factor);
  const width = Math.ceil(inner.width / map.factor);
  for (let row = 0; row < Math.ceil(inner.height / map.factor); row++) {
    const from = ((inner.y - outer.y) / map.factor + row) * across + (inner.x - outer.x) / map.factor;
    const to = (inner.y / map.factor + row) * map.columns + inner.x / map.factor;
    map.ids.set(ids.subarray(from, from + width), to);
  }
}

/** The ids of a patch and `beside` around: `[side / factor + 2 beside]²`, `unknown` beyond the picture. */
export function readIds(map: IdMap, grid: PatchGrid, index: number, beside: number): Int32Array {
  const { x, y } = rectangleOf(grid, index);
  const size = grid.side / map.factor + 2 * beside;
  const found = new Int32Array(size * size).fill(map.unknown);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const top = y / map.factor - beside + row;
      const left = x / map.factor - beside + column;
      if (top < 0 || left < 0 || top >= map.rows || left >= map.columns) continue;
      found[row * size + column] = map.ids[top * map.columns + left]!;
    }
  }
  return found;
}
