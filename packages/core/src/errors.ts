/**
 * Every failure of the toolkit is an AnyToAnyError with a code of this table.
 * A message says what was expected, what came, and what to do.
 */

/** Code → what it means. `docs/errors.md` lists the same; a test keeps both in step. */
export const errorCodes = {
  ABORTED: 'The caller stopped the work.',
  BUNDLE_FILE_MISSING: 'A file that the manifest lists is not there.',
  BUNDLE_HASH_MISMATCH: 'A file differs from the hash in the manifest.',
  BUNDLE_INVALID: 'The manifest is not valid.',
  BUNDLE_NOT_FOUND: 'There is no manifest where a bundle was expected.',
  BUNDLE_PATH: 'A path in the manifest leaves the bundle.',
  BUNDLE_VERSION: 'The bundle was written for a newer format than this release reads.',
  CHECKPOINT_INVALID: 'A checkpoint is not what its family expects.',
  CONTENT_INVALID: 'Content is broken, empty or not of its modality.',
  CONTENT_TOO_LARGE: 'Content exceeds a limit.',
  CONTEXT_FULL: 'A prompt or an answer does not fit the context of the model.',
  FFMPEG_FAILED: 'ffmpeg was stopped, or could not do its work.',
  FFMPEG_MISSING: 'A sound file needs ffmpeg, and it is not there.',
  FORMAT_UNKNOWN: 'A file is of a format that is not supported.',
  HUB_DENIED: 'The hub does not give this to whoever asks.',
  HUB_HASH_MISMATCH: 'A downloaded file differs from its checksum.',
  HUB_INVALID: 'The hub answered something that cannot be followed.',
  HUB_NOT_FOUND: 'The hub has no such model, revision or file.',
  HUB_UNREACHABLE: 'The hub cannot be reached, or may not be.',
  ID_OUT_OF_RANGE: 'An id lies outside its region.',
  MODALITY_UNKNOWN: 'The model has no such modality, or cannot do this with it.',
  OPTION_INVALID: 'An option has a value that is not allowed.',
  OPTION_UNKNOWN: 'An option does not exist.',
  OVERLOADED: 'The server has as much to do as it takes on.',
  PIPELINE_CLOSED: 'The pipeline was closed.',
  PLUGIN_CONTRACT: 'A plugin was written for another version of the contract.',
  PLUGIN_DUPLICATE: 'Two plugins claim the same thing.',
  PLUGIN_INVALID: 'A plugin does not keep the contract.',
  PLUGIN_MISSING: 'A bundle needs a plugin that is not registered.',
  REGION_OVERLAP: 'Two regions of a token space share ids.',
  RUNTIME_CLOSED: 'A device, session, binding, tensor or memory was used after it was closed.',
  RUNTIME_FAILED: 'ONNX Runtime refused or failed.',
  RUNTIME_UNAVAILABLE: 'ONNX Runtime cannot be loaded here.',
  SEQUENCE_BUSY: 'A sequence is already being continued.',
  SEQUENCE_DISPOSED: 'A sequence was used after it was disposed.',
  SHAPE_MISMATCH: 'A tensor or segment has another shape than expected.',
  SPACE_INVALID: 'A token space is not well formed.',
  STREAM_LOST: 'A stream broke off and cannot be resumed.',
  TARGET_BUSY: 'Another process is writing to the same place.',
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface ErrorDetails {
  /** The plugin in which it happened. */
  readonly plugin?: string | undefined;
  /** The stage of the flow: encode, prefill, decode, … */
  readonly stage?: string | undefined;
  readonly cause?: unknown;
  readonly [key: string]: unknown;
}

const brand = Symbol.for('any-to-any.error');

export class AnyToAnyError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly [brand] = true;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(`${code}  ${message}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'AnyToAnyError';
    this.code = code;
    this.details = details;
  }

  /** True for errors of any copy of this package. */
  static is(value: unknown, code?: ErrorCode): value is AnyToAnyError {
    if (typeof value !== 'object' || value === null || !(brand in value)) return false;
    return code === undefined || (value as AnyToAnyError).code === code;
  }
}

/** Throws ABORTED if the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined, stage: string): void {
  if (signal?.aborted) throw aborted(signal, stage);
}

export function aborted(signal: AbortSignal, stage: string): AnyToAnyError {
  return new AnyToAnyError('ABORTED', `Stopped during ${stage}.`, { stage, cause: signal.reason });
}

/** Throws OPTION_UNKNOWN for the first key of `options` that is not in `known`. */
export function rejectUnknownOptions(options: object, known: readonly string[], where: string): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new AnyToAnyError(
        'OPTION_UNKNOWN',
        `${where} has no option "${key}". It has: ${known.join(', ')}.`,
        {
          option: key,
        },
      );
    }
  }
}
