/**
 * Options of `readSound` and `writeSound`, checked.
 */
import { AnyToAnyError, rejectUnknownOptions } from '@any-to-any/core';

export interface FfmpegOptions {
  /** The program. Default: FFMPEG_PATH, then the PATH, then an installed package that ships it. */
  readonly ffmpeg?: string | undefined;
  /** Most seconds ffmpeg may take. Default 60. */
  readonly timeout?: number | undefined;
  /** Stops the work with ABORTED; nothing is left behind. */
  readonly signal?: AbortSignal | undefined;
}

export interface SoundReadOptions extends FfmpegOptions {
  /** Hz to which the sound is brought; 1000 to 384 000. Default: the file's own. */
  readonly rate?: number | undefined;
  /** Longest sound, seconds. Default 600. */
  readonly seconds?: number | undefined;
  /** Most bytes of the file. Default 64 MiB. */
  readonly bytes?: number | undefined;
}

export const defaults = { seconds: 600, bytes: 64 * 1024 * 1024, timeout: 60 };

/** The longest a timer can wait. */
const longestTimeout = 2 ** 31 / 1000 - 1;

/** Hz that the resampler takes. */
const resampled = { least: 1000, most: 384_000 };

/** With the defaults. Throws OPTION_UNKNOWN, OPTION_INVALID. */
export function checkOptions<T extends SoundReadOptions>(
  options: T,
  known: readonly (keyof T & string)[],
  where: string,
): T & typeof defaults {
  rejectUnknownOptions(options, known, where);
  const { rate } = options;
  const { least, most: fastest } = resampled;
  if (rate !== undefined && !(Number.isInteger(rate) && rate >= least && rate <= fastest)) {
    throw new AnyToAnyError('OPTION_INVALID', `rate must be ${least} to ${fastest} whole Hz, got ${rate}.`, {
      option: 'rate',
    });
  }
  const checked = { ...options, ...defaults };
  for (const name of ['seconds', 'bytes', 'timeout'] as const) {
    const value = options[name] ?? defaults[name];
    const most = name === 'timeout' ? longestTimeout : Number.POSITIVE_INFINITY;
    if (!(value > 0 && value <= most)) {
      throw new AnyToAnyError('OPTION_INVALID', `${name} must be a number above 0, got ${value}.`, {
        option: name,
      });
    }
    checked[name] = value;
  }
  return checked;
}
