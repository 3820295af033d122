/**
 * Ids as they come → patches. A finished block is shown at once as a draft (revision 0, sigma above 0) and again,
 * exactly, when the ids within its halo have come (revision 1, sigma 0). The exact patches equal the full decode.
 */
import { type DecodeOptions, type Graph, type ImageDelta, throwIfAborted } from '@any-to-any/core';
import { type Planar, rgbaOf } from '../picture/fit.ts';
import { type Band, planBands } from './bands.ts';
import { draftWindow } from './draft.ts';
import { fillGrid } from './filling.ts';
import { checkFactor, cutIds, type IdGrid, type Region, runDecoder, windowOf } from './region.ts';

/** `draft`: drafts, then exact patches. `exact`: exact patches only. */
export type Previews = 'draft' | 'exact';

export interface DecodeSettings {
  readonly graph: Graph;
  readonly size: number;
  readonly factor: number;
  readonly block: number;
  readonly halo: number;
  readonly previews: Previews;
}

/** What a draft lacks, on the scale of an adapter's noise; exact patches have 0. */
export const draftSigma = 0.5;

/** Most work of the exact patches, in full decodes. Drafts add about as much again: 1.75 + 1.75 for 8 × 8 ids. */
const exactBudget = 1.75;

/**
 * Throws ID_OUT_OF_RANGE for an id outside `0 … size−1`, SHAPE_MISMATCH if `ids` ends early or goes on too long,
 * ABORTED within one run of the graph.
 */
export async function* decodeIds(
  ids: AsyncIterable<number>,
  { shape, signal }: DecodeOptions,
  settings: DecodeSettings,
): AsyncGenerator<ImageDelta> {
  const { graph, block, halo, previews } = settings;
  const filling = fillGrid(shape, block, settings.size);
  const { grid } = filling;
  const { rows, columns } = grid;
  const patch = patchMaker(grid, settings);
  const bands = [...planBands({ rows, block, halo, budget: exactBudget })];
  const total = rows * columns;

  for await (const id of ids) {
    throwIfAborted(signal, 'decode');
    const cell = filling.put(id);
    const { count } = filling;
    if (count % (block * block) !== 0) continue;

    const finished: Region = {
      row: cell.row - block + 1,
      column: cell.column - block + 1,
      rows: block,
      columns: block,
    };
    const rowsCome = finished.column + block === columns ? cell.row + 1 : finished.row;
    const certain = takeReady(bands, rowsCome);
    // The last block is certain the moment it comes and needs no draft.
    if (previews === 'draft' && count < total) {
      const window = draftWindow(finished);
      const pixels = await runDecoder(graph, cutIds(grid, window), signal);
      throwIfAborted(signal, 'decode');
      yield patch(pixels, window, finished, 0, draftSigma);
    }
    for (const band of certain) {
      const region: Region = { row: band.start, column: 0, rows: band.end - band.start, columns };
      const window = windowOf(region, grid, halo);
      const pixels = await runDecoder(graph, cutIds(grid, window), signal);
      for (const cut of blocksOf(region, block)) {
        throwIfAborted(signal, 'decode');
        yield patch(pixels, window, cut, previews === 'draft' ? 1 : 0, 0);
      }
    }
  }
  throwIfAborted(signal, 'decode');
  filling.checkFull();
}

/** Cuts a block of ids, as pixels, out of the decoded window it lies in. */
function patchMaker(grid: IdGrid, { factor }: DecodeSettings) {
  const { rows, columns } = grid;
  return (pixels: Planar, window: Region, cut: Region, revision: number, sigma: number): ImageDelta => {
    checkFactor(pixels, window.columns, factor);
    const width = cut.columns * factor;
    const height = cut.rows * factor;
    const x = (cut.column - window.column) * factor;
    const y = (cut.row - window.row) * factor;
    return {
      modality: 'image',
      width: columns * factor,
      height: rows * factor,
      rectangle: { x: cut.column * factor, y: cut.row * factor, width, height },
      data: rgbaOf(pixels, x, y, width, height),
      revision,
      sigma,
      ids: Uint32Array.from(cutIds(grid, cut).ids),
    };
  };
}

function takeReady(bands: Band[], rowsCome: number): Band[] {
  const waiting = bands.findIndex((band) => band.ready > rowsCome);
  return bands.splice(0, waiting === -1 ? bands.length : waiting);
}

function* blocksOf(region: Region, block: number): Generator<Region> {
  for (let row = region.row; row < region.row + region.rows; row += block) {
    for (let column = region.column; column < region.column + region.columns; column += block) {
      yield { row, column, rows: block, columns: block };
    }
  }
}
