/**
 * The options a bundle's manifest gives this plugin, checked. Unknown options are errors.
 */
import { AnyToAnyError, rejectUnknownOptions } from '@any-to-any/core';
import type { Grid } from './vq/grids.ts';

export interface TokenizerOptions {
  /** Pixels a side per id. */
  readonly factor: number;
  /** Number of ids. */
  readonly size: number;
  /** Row and column offsets beyond ±clip share a bucket. */
  readonly clip: number;
  /** Side of the blocks in whose raster order ids come. */
  readonly block: number;
  /** Half the receptive field of the decoder, ids, rounded up. */
  readonly halo: number;
  /** Grids of ids the model draws; the first is the default. */
  readonly grids: readonly Grid[];
  /** Graph files of the bundle: pixels → ids and ids → pixels. */
  readonly encode: string;
  readonly decode: string;
}

export interface EncoderOptions {
  /** Side of the square picture it looks at, pixels. */
  readonly side: number;
  /** Rows and columns of embeddings. */
  readonly grid: Grid;
  /** Width of one embedding. */
  readonly width: number;
  readonly clip: number;
  /** Graph file of the bundle: pixels → embeddings. */
  readonly graph: string;
}

export type Raw = Readonly<Record<string, unknown>>;

export function readTokenizerOptions(raw: Raw): TokenizerOptions {
  const known = ['kind', 'factor', 'size', 'clip', 'block', 'halo', 'grids', 'encode', 'decode'];
  rejectUnknownOptions(raw, known, 'The image tokenizer');
  checkKind(raw, 'vq');
  const block = count(raw, 'block', 1);
  return {
    factor: count(raw, 'factor', 1),
    size: count(raw, 'size', 1),
    clip: count(raw, 'clip', 0),
    block,
    halo: count(raw, 'halo', 0),
    grids: gridList(raw, block),
    encode: file(raw, 'encode'),
    decode: file(raw, 'decode'),
  };
}

export function readEncoderOptions(raw: Raw): EncoderOptions {
  rejectUnknownOptions(raw, ['kind', 'side', 'grid', 'width', 'clip', 'graph'], 'The image encoder');
  checkKind(raw, 'patch-vit');
  return {
    side: count(raw, 'side', 1),
    grid: isGrid(raw['grid'], 1) ? raw['grid'] : fail('grid', '[rows, columns], both at least 1', raw),
    width: count(raw, 'width', 1),
    clip: count(raw, 'clip', 0),
    graph: file(raw, 'graph'),
  };
}

export function checkKind(raw: Raw, kind: string): void {
  if (raw['kind'] !== kind) fail('kind', `"${kind}"`, raw);
}

export function count(raw: Raw, name: string, least: number): number {
  const value = raw[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  return fail(name, `a whole number of at least ${least}`, raw);
}

export function file(raw: Raw, name: string): string {
  const value = raw[name];
  return typeof value === 'string' && value !== '' ? value : fail(name, 'a file of the bundle', raw);
}

function gridList(raw: Raw, block: number): readonly Grid[] {
  const value = raw['grids'];
  if (Array.isArray(value) && value.length > 0 && value.every((grid) => isGrid(grid, block))) return value;
  return fail('grids', `a list of [rows, columns] that are multiples of block (${block})`, raw);
}

function isGrid(value: unknown, multiple: number): value is Grid {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    value.every((side) => Number.isSafeInteger(side) && side > 0 && side % multiple === 0)
  );
}

export function fail(name: string, expected: string, raw: Raw): never {
  throw new AnyToAnyError(
    'OPTION_INVALID',
    `The image plugin's option "${name}" must be ${expected}, got ${JSON.stringify(raw[name])}. Check the manifest.`,
    { option: name, plugin: '@any-to-any/tokenizer-image' },
  );
}
