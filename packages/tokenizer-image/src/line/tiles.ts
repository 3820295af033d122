/**
 * Which canvas of square tiles a picture is laid on: as little reduced or enlarged as may be, then as little empty.
 * The arithmetic of Llama 3.2 Vision. Pure.
 */

/** Rows and columns of tiles. */
export type Canvas = readonly [rows: number, columns: number];

/** Every canvas of at most so many tiles; a canvas's number, from 1, is its place here: 4 → 1×1, 1×2, 1×3, 1×4, 2×1 … */
export function canvases(most: number): readonly Canvas[] {
  const sides = Array.from({ length: most }, (_, i) => i + 1);
  return sides.flatMap((rows) =>
    sides.filter((columns) => rows * columns <= most).map((columns): Canvas => [rows, columns]),
  );
}

/** A picture that fits without being reduced is enlarged the least; one that does not is reduced the least. */
export function chooseCanvas(width: number, height: number, side: number, most: number): Canvas {
  const all = canvases(most).map((canvas) => {
    const [rows, columns] = canvas;
    return { canvas, scale: Math.min((rows * side) / height, (columns * side) / width) };
  });
  const scales = all.map(({ scale }) => scale);
  const enlarging = scales.filter((scale) => scale >= 1);
  const best = enlarging.length > 0 ? Math.min(...enlarging) : Math.max(...scales);
  const area = ([rows, columns]: Canvas): number => rows * columns;
  return all
    .filter(({ scale }) => scale === best)
    .map(({ canvas }) => canvas)
    .reduce((least, canvas) => (area(canvas) < area(least) ? canvas : least));
}

/** The size on the canvas: no side grows beyond one tile's, none stays beyond the canvas's. 30 × 17 on 1 × 2 of 16 → 28 × 16. */
export function sizeOnCanvas(
  width: number,
  height: number,
  side: number,
  [rows, columns]: Canvas,
): { readonly width: number; readonly height: number } {
  const wide = Math.min(Math.max(width, side), columns * side);
  const tall = Math.min(Math.max(height, side), rows * side);
  const [across, down] = [wide / width, tall / height];
  const whole = (length: number, limit: number): number => Math.min(Math.floor(length) || 1, limit);
  if (across < down) return { width: wide, height: whole(height * across, tall) };
  return { width: whole(width * down, wide), height: tall };
}
