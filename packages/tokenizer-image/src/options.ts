/**
 * The options a bundle's manifest gives this plugin, checked. Unknown options are errors.
 */
import { AnyToAnyError, rejectUnknownOptions } from '@any-to-any/core';
import { defaultFitting, type Fitting } from './picture/fit.ts';
import type { Grid } from './vq/grids.ts';

/** What all kinds of tokenizers are told. */
interface CommonOptions {
  /** Pixels a side per id. */
  readonly factor: number;
  /** Number of ids. */
  readonly size: number;
  /** Row and column offsets beyond ±clip share a bucket. */
  readonly clip: number;
  /** Side of the blocks in whose raster order ids come. */
  readonly block: number;
  /** Grids of ids the model draws; the first is the default. */
  readonly grids: readonly Grid[];
  /** How pictures are made ready for the encode graph. */
  readonly pixels: Fitting;
  /** Graph file of the bundle: pixels → ids. */
  readonly encode: string;
}

/** A decoder with a finite receptive field: exact patches while ids come. */
export interface LocalOptions extends CommonOptions {
  readonly kind: 'vq';
  /** Half the receptive field of the decoder, ids, rounded up. */
  readonly halo: number;
  /** Graph file of the bundle: ids → pixels. */
  readonly decode: string;
}

/** A decoder in which every pixel depends on every id: whole previews, then the whole picture. */
export interface GlobalOptions extends CommonOptions {
  readonly kind: 'vq-global';
  /** Ids between two previews. */
  readonly every: number;
  /** Absent: the bundle has no decoder; pictures can be read only. */
  readonly decode: string | undefined;
}

export type TokenizerOptions = LocalOptions | GlobalOptions;

export interface EncoderOptions {
  /** Side of the square picture it looks at, pixels. */
  readonly side: number;
  /** Rows and columns of embeddings. */
  readonly grid: Grid;
  /** Width of one embedding. */
  readonly width: number;
  readonly clip: number;
  /** How pictures are made ready for the graph. */
  readonly pixels: Fitting;
  /** Graph file of the bundle: pixels → embeddings. */
  readonly graph: string;
}

export type Raw = Readonly<Record<string, unknown>>;

const common = ['kind', 'factor', 'size', 'clip', 'grids', 'pixels', 'encode', 'decode'];

export function readTokenizerOptions(raw: Raw): TokenizerOptions {
  const kind = raw['kind'];
  if (kind !== 'vq' && kind !== 'vq-global') return fail('kind', '"vq" or "vq-global"', raw);
  const known = [...common, ...(kind === 'vq' ? ['block', 'halo'] : ['every'])];
  rejectUnknownOptions(raw, known, 'The image tokenizer');
  const block = kind === 'vq' ? count(raw, 'block', 1) : 1;
  const all = {
    factor: count(raw, 'factor', 1),
    size: count(raw, 'size', 1),
    clip: count(raw, 'clip', 0),
    block,
    grids: gridList(raw, block),
    pixels: fitting(raw),
    encode: file(raw, 'encode'),
  };
  if (kind === 'vq') return { kind, ...all, halo: count(raw, 'halo', 0), decode: file(raw, 'decode') };
  const decode = raw['decode'] === undefined ? undefined : file(raw, 'decode');
  return { kind, ...all, every: count(raw, 'every', 1), decode };
}

export function readEncoderOptions(raw: Raw): EncoderOptions {
  rejectUnknownOptions(
    raw,
    ['kind', 'side', 'grid', 'width', 'clip', 'pixels', 'graph'],
    'The image encoder',
  );
  if (raw['kind'] !== 'patch-vit') fail('kind', '"patch-vit"', raw);
  return {
    side: count(raw, 'side', 1),
    grid: isGrid(raw['grid'], 1) ? raw['grid'] : fail('grid', '[rows, columns], both at least 1', raw),
    width: count(raw, 'width', 1),
    clip: count(raw, 'clip', 0),
    pixels: fitting(raw),
    graph: file(raw, 'graph'),
  };
}

/** `pixels`: what is left out is as `defaultFitting` has it. */
function fitting(raw: Raw): Fitting {
  const given = raw['pixels'] ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) return fail('pixels', 'an object', raw);
  rejectUnknownOptions(given, Object.keys(defaultFitting), 'The option "pixels" of the image plugin');
  const all = { ...defaultFitting, ...given };
  const wrong = (name: keyof Fitting, expected: string): never =>
    fail(`pixels.${name}`, expected, { [`pixels.${name}`]: all[name] });
  if (all.fit !== 'contain' && all.fit !== 'cover') wrong('fit', '"contain" or "cover"');
  if (!['lanczos3', 'cubic', 'bicubic'].includes(all.kernel)) {
    wrong('kernel', '"lanczos3", "cubic" or "bicubic"');
  }
  if (!(Number.isInteger(all.least) && all.least > 0)) wrong('least', 'a whole number from 1');
  if (!isColour(all.background, (level) => Number.isInteger(level) && level >= 0 && level <= 255)) {
    wrong('background', 'three whole numbers of 0 … 255');
  }
  if (!(Number.isFinite(all.scale) && all.scale > 0)) wrong('scale', 'a number above 0');
  if (!isColour(all.mean, Number.isFinite)) wrong('mean', 'three numbers');
  if (!isColour(all.deviation, (value) => Number.isFinite(value) && value > 0)) {
    wrong('deviation', 'three numbers above 0');
  }
  return all;
}

function isColour(value: unknown, each: (value: number) => boolean): boolean {
  return Array.isArray(value) && value.length === 3 && value.every(each);
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
