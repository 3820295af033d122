/**
 * Rows of a tensor `[rows, width]` picked out by id: tables and heads of ports are parts of the checkpoint's own.
 */
import type { LoadWeights } from '../../onnx/pieces.ts';
import { partsOf } from '../../onnx/pieces.ts';

/** Ids of the checkpoint: a range, or a list in the order of local ids. */
export type RegionIds =
  | { readonly offset: number; readonly size: number }
  | { readonly table: readonly number[] };

export function sizeOf(ids: RegionIds): number {
  return 'table' in ids ? ids.table.length : ids.size;
}

/** The ids of the checkpoint, in the order of local ids. */
export function listIds(ids: RegionIds): readonly number[] {
  return 'table' in ids ? ids.table : Array.from({ length: ids.size }, (_, local) => ids.offset + local);
}

/** The rows of a region, then `more`; no id is a row of zeros. Rows that lie side by side are read together. */
export function pickRows(
  load: LoadWeights,
  width: number,
  ids: RegionIds,
  more: readonly (number | undefined)[] = [],
): LoadWeights {
  const size = sizeOf(ids);
  const read = partsOf(load);
  const idOf = (row: number): number | undefined => {
    if (row >= size) return more[row - size];
    return 'table' in ids ? ids.table[row] : ids.offset + row;
  };
  const part = async (from: number, to: number): Promise<Float32Array> => {
    const result = new Float32Array(to - from);
    let row = Math.floor(from / width);
    while (row * width < to) {
      const id = idOf(row);
      let end = row + 1;
      while (end * width < to && id !== undefined && idOf(end) === id + end - row) end++;
      if (id !== undefined) {
        // A part may begin or end inside a row.
        const [first, last] = [Math.max(from, row * width), Math.min(to, end * width)];
        const moved = (id - row) * width;
        result.set(await read(first + moved, last + moved), first - from);
      }
      row = end;
    }
    return result;
  };
  return Object.assign(() => part(0, (size + more.length) * width), { part });
}
