/**
 * Which grids of ids a picture may have, and which of them suits an image best. Pure.
 */
import { AnyToAnyError, type Shape } from '@any-to-any/core';

/** Rows and columns of ids. */
export type Grid = readonly [rows: number, columns: number];

/** The grid a picture is generated with: the first one, or the requested one if the model has it. */
export function chooseShape(grids: readonly Grid[], requested?: Shape): Shape {
  const [rows, columns] = requested === undefined ? grids[0]! : findGrid(grids, requested);
  return { kind: 'grid', rows, columns };
}

function findGrid(grids: readonly Grid[], requested: Shape): Grid {
  const found =
    requested.kind === 'grid'
      ? grids.find(([rows, columns]) => rows === requested.rows && columns === requested.columns)
      : undefined;
  if (found !== undefined) return found;
  const asked =
    requested.kind === 'grid' ? `${requested.rows} × ${requested.columns}` : `a ${requested.kind}`;
  throw new AnyToAnyError(
    'OPTION_INVALID',
    `This model draws no grid of ${asked}. It draws: ${grids.map((grid) => grid.join(' × ')).join(', ')}.`,
    { option: 'shape', requested, grids },
  );
}

/** The grid whose aspect ratio is closest to the image's, the earlier one in a tie: 30 × 20 px → 8 × 12. */
export function closestGrid(grids: readonly Grid[], width: number, height: number): Grid {
  const distance = ([rows, columns]: Grid): number => Math.abs(Math.log(width / height / (columns / rows)));
  return grids.reduce((best, grid) => (distance(grid) < distance(best) ? grid : best));
}

/** Rows and columns of a shape; SHAPE_MISMATCH unless both are multiples of `block`. */
export function gridOf(shape: Shape, block: number): { rows: number; columns: number } {
  const whole = (side: number): boolean => Number.isSafeInteger(side / block) && side > 0;
  if (shape.kind === 'grid' && whole(shape.rows) && whole(shape.columns)) return shape;
  const asked = shape.kind === 'grid' ? `${shape.rows} × ${shape.columns}` : `a ${shape.kind}`;
  throw new AnyToAnyError(
    'SHAPE_MISMATCH',
    `Expected a grid whose rows and columns are multiples of ${block}, got ${asked}.`,
    { stage: 'decode', shape, block },
  );
}
