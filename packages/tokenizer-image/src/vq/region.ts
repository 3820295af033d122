/**
 * Decodes a rectangle of ids by running the decode graph on a window around it. Because the network has a finite
 * receptive field (no global norm, no attention), the result equals the same crop of the full decode.
 * Knows nothing of the order in which ids come.
 */
import { AnyToAnyError, type Graph } from '@any-to-any/core';
import type { Planar } from '../picture/fit.ts';

/** Ids in plain raster order, `[rows, columns]`. */
export interface IdGrid {
  readonly ids: Int32Array;
  readonly rows: number;
  readonly columns: number;
}

/** A rectangle of ids. */
export interface Region {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

/**
 * The pixels of `region`, equal to the crop of the full decode (1e-5) if `halo` covers half the receptive field.
 * At a true border of the picture the window ends there, so that the network pads it as it does in a full decode.
 * Throws SHAPE_MISMATCH if the region leaves the grid.
 */
export async function decodeRegion(
  graph: Graph,
  grid: IdGrid,
  region: Region,
  halo: number,
  signal?: AbortSignal,
): Promise<Planar> {
  const window = windowOf(region, grid, halo);
  const decoded = await runDecoder(graph, cutIds(grid, window), signal);
  const factor = decoded.width / window.columns;
  return crop(
    decoded,
    (region.column - window.column) * factor,
    (region.row - window.row) * factor,
    region.columns * factor,
    region.rows * factor,
  );
}

/** The region and `halo` ids around it, as far as the grid reaches. */
export function windowOf(region: Region, grid: { rows: number; columns: number }, halo: number): Region {
  const bottom = region.row + region.rows;
  const right = region.column + region.columns;
  if (!(region.row >= 0 && region.column >= 0 && region.rows > 0 && region.columns > 0)) {
    throw outside(region, grid);
  }
  if (!(bottom <= grid.rows && right <= grid.columns)) throw outside(region, grid);
  const row = Math.max(0, region.row - halo);
  const column = Math.max(0, region.column - halo);
  return {
    row,
    column,
    rows: Math.min(grid.rows, bottom + halo) - row,
    columns: Math.min(grid.columns, right + halo) - column,
  };
}

/** The ids of a region as a grid of their own. */
export function cutIds(grid: IdGrid, region: Region): IdGrid {
  const ids = new Int32Array(region.rows * region.columns);
  for (let row = 0; row < region.rows; row++) {
    const from = (region.row + row) * grid.columns + region.column;
    ids.set(grid.ids.subarray(from, from + region.columns), row * region.columns);
  }
  return { ids, rows: region.rows, columns: region.columns };
}

/** One run of the decode graph: ids `[1, rows, columns]` → pixels `[1, 3, factor rows, factor columns]`. */
export async function runDecoder(graph: Graph, grid: IdGrid, signal?: AbortSignal): Promise<Planar> {
  const { rows, columns, ids } = grid;
  const { pixels } = await graph.run({ ids: { data: ids, dims: [1, rows, columns] } }, signal);
  const [batch, channels, height, width] = pixels?.dims ?? [];
  const whole = Number.isInteger(width! / columns) && height! / rows === width! / columns;
  if (!(pixels?.data instanceof Float32Array) || batch !== 1 || channels !== 3 || !whole) {
    throw new AnyToAnyError(
      'SHAPE_MISMATCH',
      `Expected pixels float32 [1, 3, factor × ${rows}, factor × ${columns}] of the decode graph, ` +
        `got [${pixels?.dims.join(', ')}]. The graph is not an image decoder of this family.`,
      { stage: 'decode', expected: [1, 3, rows, columns], actual: pixels?.dims },
    );
  }
  return { width: width!, height: height!, data: pixels.data };
}

/** Throws SHAPE_MISMATCH unless so many columns of ids became `factor` pixels each. */
export function checkFactor({ width }: Planar, columns: number, factor: number): void {
  if (width === columns * factor) return;
  throw new AnyToAnyError(
    'SHAPE_MISMATCH',
    `Expected ${factor} pixels per id, as the options say, got ${width / columns}.`,
    { stage: 'decode', factor },
  );
}

function crop(planar: Planar, x: number, y: number, width: number, height: number): Planar {
  const data = new Float32Array(3 * width * height);
  for (let channel = 0; channel < 3; channel++) {
    for (let row = 0; row < height; row++) {
      const from = (channel * planar.height + y + row) * planar.width + x;
      data.set(planar.data.subarray(from, from + width), (channel * height + row) * width);
    }
  }
  return { width, height, data };
}

function outside(region: Region, grid: { rows: number; columns: number }): AnyToAnyError {
  return new AnyToAnyError(
    'SHAPE_MISMATCH',
    `The region ${region.rows} × ${region.columns} at row ${region.row}, column ${region.column} ` +
      `does not lie in a grid of ${grid.rows} × ${grid.columns} ids.`,
    { region, rows: grid.rows, columns: grid.columns },
  );
}
