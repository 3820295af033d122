/**
 * Line drawings as content: lines of points as a pen draws them, the cells that stand for them as ids, and a picture of
 * them as SVG. `strokes-plugin.ts` makes a modality of it.
 */
import { AnyToAnyError, type Content, lineLayout, type PluginDelta } from '@any-to-any/core';

/** To the right and down, 0…1. */
export type Point = readonly [x: number, y: number];
/** Where the pen goes without being lifted; a closed line ends where it began. */
export type Line = readonly Point[];

export interface StrokesContent extends Content {
  readonly modality: 'strokes';
  readonly lines: readonly Line[];
}

/** Its first line goes on with the last one of those before. */
export type StrokesDelta = PluginDelta<StrokesContent>;

export const name = 'strokes-for-any-to-any';

export function strokes(lines: readonly Line[]): StrokesContent {
  return { modality: 'strokes', lines };
}

/** Cells of the grid, a side: id = 32 · row + column. */
const side = 32;
/** The id between two lines. */
export const lift = side * side;
const mostPoints = 256;

/** How positions of a drawing lie to each other: in a line, as in text. */
export const layout = lineLayout({ buckets: 32, maxDistance: 128 });

/** All that was drawn so far. */
export function joinStrokes(deltas: Iterable<StrokesDelta>): StrokesContent {
  const lines: Point[][] = [[]];
  for (const { content } of deltas) {
    const [first = [], ...others] = content.lines;
    lines.at(-1)!.push(...first);
    lines.push(...others.map((points) => [...points]));
  }
  return strokes(lines.filter(({ length }) => length > 0));
}

/** Points of one cell that follow each other are one; [[0, 0], [0, 0.9]] and [[1, 1]] → 0, 896, lift, 1023. */
export function toIds(lines: readonly Line[]): number[] {
  const cell = (value: number): number => Math.min(side - 1, Math.floor(value * side));
  return lines.flatMap((points, index) => {
    const ids = points.map(([x, y]) => side * cell(y) + cell(x)).filter((id, i, all) => id !== all[i - 1]);
    return index === 0 ? ids : [lift, ...ids];
  });
}

/** The middle of its cell. */
export function toPoint(id: number): Point {
  if (Number.isInteger(id) && id >= 0 && id < lift) {
    return [((id % side) + 0.5) / side, (Math.floor(id / side) + 0.5) / side];
  }
  throw new AnyToAnyError('ID_OUT_OF_RANGE', `Expected an id in 0…${lift}, got ${id}.`, { id });
}

/** Callers without types hand in anything. */
export function checkStrokes({ modality, lines }: Partial<StrokesContent>): readonly Line[] {
  const isPoint = (point: unknown): boolean =>
    Array.isArray(point) && point.length === 2 && point.every((value) => value >= 0 && value <= 1);
  const isLine = (points: unknown): boolean =>
    Array.isArray(points) && points.length > 0 && points.every(isPoint);
  if (modality !== 'strokes' || !Array.isArray(lines) || lines.length === 0 || !lines.every(isLine)) {
    throw new AnyToAnyError(
      'CONTENT_INVALID',
      "Expected { modality: 'strokes', lines: [[[x, y], …], …] } with x and y in 0…1. Hand in at least one point.",
    );
  }
  const count = lines.reduce((sum, points) => sum + points.length, 0);
  if (count <= mostPoints) return lines;
  throw new AnyToAnyError(
    'CONTENT_TOO_LARGE',
    `Expected at most ${mostPoints} points, got ${count}. Draw with fewer.`,
  );
}

/** A picture of `size` pixels that any browser shows. */
export function toSvg({ lines }: StrokesContent, size = 256): string {
  const path = lines.map((points) => `M${points.map(([x, y]) => `${x} ${y}`).join('L')}`).join('');
  const pen = 'fill="none" stroke="black" stroke-width=".015" stroke-linejoin="round" stroke-linecap="round"';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 1 1"><path ${pen} d="${path}"/></svg>\n`;
}
