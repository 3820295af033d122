/**
 * Options of an encoder whose embeddings are a line without rows and columns, as those of a Q-Former or of tiles.
 */
import { rejectUnknownOptions } from '@any-to-any/core';
import { checkKind, count, fail, file, type Raw } from '../options.ts';
import type { Preparation } from './prepare.ts';

export interface LineOptions {
  /** Width of one embedding. */
  readonly width: number;
  /** Embeddings of a picture, or of each of its tiles. */
  readonly count: number;
  readonly buckets: number;
  readonly maxDistance: number;
  /** How a picture is made ready for the graph. */
  readonly pixels: Preparation;
  /** Graph file of the bundle: `pixels`, and with tiles `aspect`, → `embeddings`. */
  readonly graph: string;
}

export function readLineOptions(raw: Raw): LineOptions {
  const known = ['kind', 'width', 'count', 'buckets', 'maxDistance', 'pixels', 'graph'];
  rejectUnknownOptions(raw, known, 'The image encoder');
  checkKind(raw, 'line');
  return {
    width: count(raw, 'width', 1),
    count: count(raw, 'count', 1),
    buckets: count(raw, 'buckets', 2),
    maxDistance: count(raw, 'maxDistance', 2),
    pixels: preparation(raw),
    graph: file(raw, 'graph'),
  };
}

function preparation(raw: Raw): Preparation {
  const wrong = () =>
    fail('pixels', '{ fit: "stretch" | "tiles", side, kernel, mean, deviation }, with tiles also most', raw);
  const value = raw['pixels'];
  if (typeof value !== 'object' || value === null) return wrong();
  const { fit, kernel, mean, deviation, ...rest } = value as Record<string, unknown>; // fields may be absent
  const tiled = fit === 'tiles';
  if (!tiled && fit !== 'stretch') return wrong();
  if (kernel !== 'bilinear' && kernel !== 'bicubic') return wrong();
  if (!isThree(mean) || !isThree(deviation) || deviation.some((one) => one <= 0)) return wrong();
  rejectUnknownOptions(rest, tiled ? ['side', 'most'] : ['side'], 'pixels of the image encoder');
  const common = { side: count(rest, 'side', 1), kernel, mean, deviation } as const;
  return tiled ? { fit, ...common, most: count(rest, 'most', 1) } : { fit, ...common };
}

function isThree(value: unknown): value is readonly [number, number, number] {
  return Array.isArray(value) && value.length === 3 && value.every((one) => Number.isFinite(one));
}
