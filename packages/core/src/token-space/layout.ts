/**
 * The two standard layouts: a line with T5 buckets and a grid with clipped row and column offsets.
 * Pure arithmetic; the decoder adds the learned bias of the bucket to the attention score.
 */
import type { Layout, Shape } from '../contract/layout.ts';
import { AnyToAnyError } from '../errors.ts';

export interface LineOptions {
  readonly buckets: number;
  readonly maxDistance: number;
}

/**
 * Causal T5 buckets (Raffel et al. 2020, arXiv 1910.10683): exact up to half, logarithmic up to `maxDistance`.
 * With 32 buckets and 128: distance 0 → 0, 15 → 15, 16 → 16, 127 → 31, 1000 → 31.
 */
export function lineLayout({ buckets, maxDistance }: LineOptions): Layout {
  const exact = Math.floor(buckets / 2);
  if (!(buckets >= 2 && maxDistance > exact)) {
    throw new AnyToAnyError(
      'SPACE_INVALID',
      `A line of ${buckets} buckets needs a maxDistance above ${exact}, got ${maxDistance}.`,
    );
  }
  const scale = (buckets - exact) / Math.log(maxDistance / exact);
  const table = new Uint16Array(maxDistance + 1);
  for (let distance = 0; distance <= maxDistance; distance++) {
    table[distance] =
      distance < exact
        ? distance
        : Math.min(buckets - 1, exact + Math.floor(Math.log(distance / exact) * scale + 1e-9));
  }
  return {
    kind: 'line',
    buckets,
    bucket: (query, key) => table[Math.min(query - key, maxDistance)]!,
    count: () => undefined,
  };
}

export interface GridOptions {
  /** Offsets beyond ±clip share the outermost bucket. */
  readonly clip: number;
  /** Side of the blocks in whose raster order ids come; 1 is plain raster order. */
  readonly block: number;
}

/** Buckets are pairs of a row offset and a column offset: `(dr + clip) * (2 clip + 1) + dc + clip`. */
export function gridLayout({ clip, block }: GridOptions): Layout {
  const side = 2 * clip + 1;
  const limit = (offset: number): number => Math.max(-clip, Math.min(clip, offset)) + clip;
  return {
    kind: 'grid',
    buckets: side * side,
    bucket(query, key, shape) {
      const { columns } = gridOf(shape, block);
      const q = cellOf(query, columns, block);
      const k = cellOf(key, columns, block);
      return limit(q.row - k.row) * side + limit(q.column - k.column);
    },
    count(shape) {
      const { rows, columns } = gridOf(shape, block);
      return rows * columns;
    },
  };
}

export interface Cell {
  readonly row: number;
  readonly column: number;
}

/**
 * The cell of the n-th id: blocks in raster order, raster order inside a block.
 * With 4 columns and blocks of 2: 0 → (0,0), 1 → (0,1), 2 → (1,0), 3 → (1,1), 4 → (0,2).
 */
export function cellOf(index: number, columns: number, block: number): Cell {
  const perBlock = block * block;
  const blocksAcross = columns / block;
  const blockIndex = Math.floor(index / perBlock);
  const inside = index % perBlock;
  return {
    row: Math.floor(blockIndex / blocksAcross) * block + Math.floor(inside / block),
    column: (blockIndex % blocksAcross) * block + (inside % block),
  };
}

/** The opposite of `cellOf`. */
export function indexOf(cell: Cell, columns: number, block: number): number {
  const blockIndex = Math.floor(cell.row / block) * (columns / block) + Math.floor(cell.column / block);
  return blockIndex * block * block + (cell.row % block) * block + (cell.column % block);
}

function gridOf(shape: Shape, block: number): { rows: number; columns: number } {
  if (shape.kind !== 'grid') {
    throw new AnyToAnyError('SHAPE_MISMATCH', `Expected a grid, got a ${shape.kind}. Give rows and columns.`);
  }
  if (shape.rows % block !== 0 || shape.columns % block !== 0) {
    throw new AnyToAnyError(
      'SHAPE_MISMATCH',
      `Expected whole blocks of ${block} × ${block}, got ${shape.rows} × ${shape.columns}.`,
    );
  }
  return shape;
}
