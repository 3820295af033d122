/**
 * Options of `compile`, checked and with their defaults filled in.
 */
import {
  AnyToAnyError,
  type Manifest,
  manifestSchema,
  type Run,
  rejectUnknownOptions,
} from '@any-to-any/core';
import type { Quantization } from './quantize/block.ts';

export interface CompileOptions extends About {
  /** How the linears of the decoder and of the heads are stored. Default: none, float32. */
  readonly quantize?: 'none' | 'f16' | 'int8' | 'int4' | undefined;
  /** Weights that share a scale. Default 32; 128 is faster and coarser. */
  readonly block?: 32 | 128 | undefined;
  /** How keys and values are kept. Default f32; int8 is faster from some hundred positions on. */
  readonly kv?: 'f32' | 'int8' | undefined;
  /** How embedding tables are stored. Default f32. */
  readonly tables?: 'f32' | 'f16' | undefined;
  /** Positions the decoder keeps room for, where the checkpoint would allow more. Default: as many as it allows. */
  readonly context?: number | undefined;
  /** Codebooks of a sound codec that are used, from the first on. Default: as many as the reference uses unasked. */
  readonly codebooks?: number | undefined;
  /**
   * How the codes of a picture are found, where a model compares them at length 1 (Janus): by the largest cosine, as its
   * makers do, or by the smallest distance to codes of any length, as \`transformers\` does. Default: cosine.
   */
  readonly nearestCodes?: 'cosine' | 'distance' | undefined;
  /** Sequences that show the range of keys and values, for an int8 cache. Default: random ones of every modality. */
  readonly calibration?: readonly (readonly Run[])[] | undefined;
  readonly onProgress?: ((progress: CompileProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CompileProgress {
  /** The file being written, relative to the bundle. */
  readonly file: string;
  /** Bytes of weights written so far, and altogether. */
  readonly done: number;
  readonly total: number;
  /** Of `done`, what an earlier compile that was interrupted had written. */
  readonly kept: number;
}

/** What a family needs to know of the options. */
export interface Settings {
  readonly quantization: Quantization | undefined;
  /** Float linears are stored as 16 bits. */
  readonly halves: boolean;
  readonly kv: 'f32' | 'int8';
  readonly tables: 'f32' | 'f16';
  /** At most so many positions. */
  readonly context: number | undefined;
  readonly codebooks: number | undefined;
  readonly nearestCodes: 'cosine' | 'distance';
  readonly calibration: readonly (readonly Run[])[] | undefined;
  /** The checkpoint's directory, for want of a better name. */
  readonly directory: string;
  /** What the caller wants the manifest to say. */
  readonly about: About;
}

/** `About` as checked data, also in a checkpoint's config. */
export const aboutSchema = manifestSchema
  .pick({
    name: true,
    version: true,
    license: true,
    attribution: true,
    sampling: true,
    voices: true,
    reading: true,
    unconditional: true,
  })
  .partial();

/** The fields of a manifest that no weight decides; what is left out comes from the checkpoint's `bundle`. */
export interface About {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly license?: string | undefined;
  readonly attribution?: readonly string[] | undefined;
  readonly sampling?: Manifest['sampling'] | undefined;
  readonly voices?: Manifest['voices'] | undefined;
  readonly reading?: Manifest['reading'] | undefined;
  readonly unconditional?: Manifest['unconditional'] | undefined;
}

const known: readonly (keyof CompileOptions)[] = [
  'quantize',
  'block',
  'kv',
  'tables',
  'context',
  'codebooks',
  'nearestCodes',
  'calibration',
  'name',
  'version',
  'license',
  'attribution',
  'sampling',
  'voices',
  'reading',
  'unconditional',
  'onProgress',
  'signal',
];

/** `directory` names the bundle if nothing else does. Throws OPTION_UNKNOWN, OPTION_INVALID. */
export function resolveOptions(options: CompileOptions, directory: string): Settings {
  rejectUnknownOptions(options, known, 'compile');
  const { name, version, license, attribution, sampling, voices, reading, unconditional } = options;
  const about = { name, version, license, attribution, sampling, voices, reading, unconditional };
  checkAbout(about);
  const quantize = oneOf('quantize', options.quantize ?? 'none', ['none', 'f16', 'int8', 'int4'] as const);
  const block = oneOf('block', options.block ?? 32, [32, 128] as const);
  return {
    quantization:
      quantize === 'int8' || quantize === 'int4' ? { bits: quantize === 'int8' ? 8 : 4, block } : undefined,
    halves: quantize === 'f16',
    kv: oneOf('kv', options.kv ?? 'f32', ['f32', 'int8'] as const),
    tables: oneOf('tables', options.tables ?? 'f32', ['f32', 'f16'] as const),
    context: positiveCount('context', options.context),
    codebooks: positiveCount('codebooks', options.codebooks),
    nearestCodes: oneOf('nearestCodes', options.nearestCodes ?? 'cosine', ['cosine', 'distance'] as const),
    calibration: options.calibration,
    directory,
    about,
  };
}

function positiveCount(option: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value > 0)) return value;
  throw new AnyToAnyError('OPTION_INVALID', `${option} is a whole number from 1, not ${value}.`, { option });
}

function checkAbout(about: About): void {
  const parsed = aboutSchema.safeParse(about);
  if (parsed.success) return;
  const [issue] = parsed.error.issues;
  throw new AnyToAnyError('OPTION_INVALID', `compile: ${issue?.path.join('.')}: ${issue?.message}.`, {
    option: issue?.path[0],
    cause: parsed.error,
  });
}

function oneOf<const T extends string | number>(option: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value;
  throw new AnyToAnyError('OPTION_INVALID', `${option} is one of ${allowed.join(', ')}, not ${value}.`, {
    option,
  });
}
