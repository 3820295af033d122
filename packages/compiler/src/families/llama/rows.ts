/**
 * Rows of a tensor `[rows, width]` picked out by id: tables and heads of ports are parts of the checkpoint's own.
 */
import type { LoadWeights } from '../../blocks/build.ts';

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

/** The rows of a region, then `more`; no id is a row of zeros. A range alone is a view of what was loaded. */
export function pickRows(
  load: LoadWeights,
  width: number,
  ids: RegionIds,
  more: readonly (number | undefined)[] = [],
): LoadWeights {
  return async () => {
    const all = await load();
    if ('offset' in ids && more.length === 0) {
      return all.subarray(ids.offset * width, (ids.offset + ids.size) * width);
    }
    const size = sizeOf(ids);
    const picked = new Float32Array((size + more.length) * width);
    const row = (id: number): Float32Array => all.subarray(id * width, (id + 1) * width);
    if ('table' in ids) for (const [at, id] of ids.table.entries()) picked.set(row(id), at * width);
    else picked.set(all.subarray(ids.offset * width, (ids.offset + size) * width));
    more.forEach((id, at) => {
      if (id !== undefined) picked.set(row(id), (size + at) * width);
    });
    return picked;
  };
}
