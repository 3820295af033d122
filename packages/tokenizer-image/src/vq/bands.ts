/**
 * When which rows of ids are decoded exactly. Ids come block row by block row, so a row is certain once `halo`
 * more rows below it have come; several rows in one run share the cost of their halo. Pure arithmetic.
 */

/** Id rows `start … end−1`, decoded in one run as soon as the first `ready` rows have come. */
export interface Band {
  readonly start: number;
  readonly end: number;
  readonly ready: number;
}

export interface BandOptions {
  readonly rows: number;
  readonly block: number;
  readonly halo: number;
  /** Most work, as a multiple of one full decode (at least 1). */
  readonly budget: number;
}

/**
 * The earliest plan within the budget: the lowest bands whose windows (band and halo) sum to `budget * rows`.
 * 8 rows, block 2, halo 4, budget 2 → rows 0–1 after 6 rows (window 6) and rows 2–7 at the end (window 8).
 */
export function planBands({ rows, block, halo, budget }: BandOptions): readonly Band[] {
  for (let height = block; height < rows; height += block) {
    const bands = bandsOfHeight(height, rows, block, halo);
    if (workOf(bands, rows, halo) <= budget * rows) return bands;
  }
  return [{ start: 0, end: rows, ready: rows }];
}

/** Id rows run through the graph, halos included. */
export function workOf(bands: readonly Band[], rows: number, halo: number): number {
  return bands.reduce(
    (sum, band) => sum + Math.min(rows, band.end + halo) - Math.max(0, band.start - halo),
    0,
  );
}

function bandsOfHeight(height: number, rows: number, block: number, halo: number): Band[] {
  const bands: Band[] = [];
  for (let start = 0; start < rows; ) {
    const ready = Math.ceil((start + height + halo) / block) * block;
    // Whatever waits for the last row becomes certain at once.
    const end = ready >= rows ? rows : start + height;
    bands.push({ start, end, ready: Math.min(ready, rows) });
    start = end;
  }
  return bands;
}
