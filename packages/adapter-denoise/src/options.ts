/**
 * The options of the adapter, from the manifest of a bundle or from the app, checked. Unknown options are errors.
 */
import { AnyToAnyError, rejectUnknownOptions } from '@any-to-any/core';
import type { SigmaSchedule } from './schedule.ts';

/** How many times larger the pictures become. */
export type Scale = 1 | 2 | 4;

/** Which refiner, and how it runs. Later kinds get a member of their own. */
export type DenoiseOptions = PatchesOptions | LanczosOptions | UpsamplerOptions;

/** A trained network that sharpens patches step by step and enlarges them. */
export interface PatchesOptions {
  readonly kind: 'patches';
  /** Graph of the bundle, see `network.ts`. */
  readonly graph: string;
  /** Side of a patch, and how much of its neighbours the network sees, pixels. */
  readonly side: number;
  readonly halo: number;
  /** Pixels a side per id. */
  readonly factor: number;
  /** Ids of the tokenizer; this number itself tells the network that an id is unknown. */
  readonly codes: number;
  readonly schedule: SigmaSchedule;
  readonly scale: Scale;
  /** Ticks between two patches that enter. Default 0.25. */
  readonly delay?: number | undefined;
  /** Steps a draft is shown sharpened by, before the patch and its neighbours are exact. Default 1. */
  readonly previews?: number | undefined;
  /** A patch is done once a step changes no pixel by as many of 255 levels. Default 1; 0: never before the last step. */
  readonly stop?: number | undefined;
  /** Most patches of one call. Default 16. */
  readonly inFlight?: number | undefined;
  /** What enlarges the sharpened picture in place of this network. */
  readonly upsampler?: UpsamplerOptions | undefined;
}

/** No network: plain Lanczos enlargement, the baseline. */
export interface LanczosOptions {
  readonly kind: 'lanczos';
  /** 1: pictures stay as they are unless a request says otherwise. */
  readonly scale: Scale;
}

/** A network of its own that enlarges, such as SwinIR. It sees further than a patch, so it works in tiles. */
export interface UpsamplerOptions {
  readonly kind: 'upsampler';
  /** Graph of the bundle, see `upsampler/network.ts`. */
  readonly graph: string;
  /** How many times larger a side becomes; 1: pictures are only repaired. */
  readonly scale: number;
  /** Side of the network's windows: tiles begin at multiples of it. */
  readonly window: number;
  /** How far the network sees, pixels. With `overlap` at least that, tiles equal the whole picture done at once. */
  readonly reach: number;
  /** Side of what one run gives, pixels of what goes in, whole windows. Default 64. */
  readonly tile?: number | undefined;
  /** What a run sees around that, whole windows. Default 32. */
  readonly overlap?: number | undefined;
}

type Raw = Readonly<Record<string, unknown>>;

const runOptionNames = ['scale', 'delay', 'previews', 'stop', 'inFlight'];
const patchesOptionNames = [
  'kind',
  'graph',
  'side',
  'halo',
  'factor',
  'codes',
  'schedule',
  'upsampler',
  ...runOptionNames,
];
const upsamplerOptionNames = ['kind', 'graph', 'scale', 'window', 'reach', 'tile', 'overlap'];

/** Throws OPTION_UNKNOWN, OPTION_INVALID. */
export function readOptions(raw: Raw): DenoiseOptions {
  if (raw['kind'] === 'lanczos') {
    rejectUnknownOptions(raw, ['kind', 'scale'], 'The Lanczos adapter');
    return { kind: 'lanczos', scale: oneOf(raw, 'scale', [1, 2, 4]) };
  }
  if (raw['kind'] === 'upsampler') return readUpsampler(raw);
  if (raw['kind'] !== 'patches') return fail('kind', '"patches", "lanczos" or "upsampler"', raw);
  rejectUnknownOptions(raw, patchesOptionNames, 'The denoise adapter');
  const side = whole(raw, 'side', 1);
  return {
    kind: 'patches',
    graph: file(raw, 'graph'),
    side,
    halo: whole(raw, 'halo', 0),
    factor:
      side % whole(raw, 'factor', 1) === 0
        ? whole(raw, 'factor', 1)
        : fail('factor', 'a divisor of side', raw),
    codes: whole(raw, 'codes', 1),
    schedule: readSchedule(raw['schedule']),
    scale: oneOf(raw, 'scale', [1, 2, 4]),
    ...(raw['delay'] !== undefined && { delay: number(raw, 'delay', 0) }),
    ...(raw['previews'] !== undefined && { previews: whole(raw, 'previews', 0) }),
    ...(raw['stop'] !== undefined && { stop: number(raw, 'stop', 0) }),
    ...(raw['inFlight'] !== undefined && { inFlight: whole(raw, 'inFlight', 1) }),
    ...(raw['upsampler'] !== undefined && { upsampler: readNested(raw) }),
  };
}

function readNested(raw: Raw): UpsamplerOptions {
  const nested = raw['upsampler'];
  if (typeof nested !== 'object' || nested === null) return fail('upsampler', 'an object', raw);
  return readUpsampler(nested as Raw); // any JSON object; every field is checked below
}

function readUpsampler(raw: Raw): UpsamplerOptions {
  rejectUnknownOptions(raw, upsamplerOptionNames, 'The upsampler of the denoise adapter');
  const window = whole(raw, 'window', 1);
  const windows = (name: string, least: number): number =>
    whole(raw, name, least) % window === 0
      ? whole(raw, name, least)
      : fail(name, `a multiple of ${window}`, raw);
  return {
    kind: raw['kind'] === 'upsampler' ? 'upsampler' : fail('kind', '"upsampler"', raw),
    graph: file(raw, 'graph'),
    scale: whole(raw, 'scale', 1),
    window,
    reach: whole(raw, 'reach', 0),
    ...(raw['tile'] !== undefined && { tile: windows('tile', 1) }),
    ...(raw['overlap'] !== undefined && { overlap: windows('overlap', 0) }),
  };
}

function readSchedule(value: unknown): SigmaSchedule {
  if (typeof value !== 'object' || value === null) return fail('schedule', 'an object', { schedule: value });
  const raw = value as Raw; // any JSON object; every field is checked below
  const from = positive(raw, 'from');
  const to = positive(raw, 'to');
  const steps = whole(raw, 'steps', 1);
  if (to > from) fail('to', `at most from (${from})`, raw);
  if (raw['kind'] === 'log-linear') {
    rejectUnknownOptions(raw, ['kind', 'from', 'to', 'steps'], 'A log-linear schedule');
    return { kind: 'log-linear', from, to, steps };
  }
  if (raw['kind'] !== 'karras') return fail('kind', '"log-linear" or "karras"', raw);
  rejectUnknownOptions(raw, ['kind', 'from', 'to', 'steps', 'rho'], 'A Karras schedule');
  return { kind: 'karras', from, to, steps, rho: positive(raw, 'rho') };
}

function number(raw: Raw, name: string, least: number): number {
  const value = raw[name];
  if (typeof value === 'number' && Number.isFinite(value) && value >= least) return value;
  return fail(name, `a number of at least ${least}`, raw);
}

function positive(raw: Raw, name: string): number {
  const value = number(raw, name, 0);
  return value > 0 ? value : fail(name, 'a number above 0', raw);
}

function whole(raw: Raw, name: string, least: number): number {
  const value = raw[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  return fail(name, `a whole number of at least ${least}`, raw);
}

function file(raw: Raw, name: string): string {
  const value = raw[name];
  return typeof value === 'string' && value !== '' ? value : fail(name, 'a file', raw);
}

function oneOf<const T extends number>(raw: Raw, name: string, allowed: readonly T[]): T {
  return allowed.find((each) => each === raw[name]) ?? fail(name, allowed.join(' or '), raw);
}

function fail(name: string, expected: string, raw: Raw): never {
  throw new AnyToAnyError(
    'OPTION_INVALID',
    `The denoise adapter's option "${name}" must be ${expected}, got ${JSON.stringify(raw[name])}.`,
    { option: name, plugin: '@any-to-any/adapter-denoise' },
  );
}
