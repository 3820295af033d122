/**
 * Options of the text tokenizer, and their check. The manifest of a bundle names a file where an app hands in bytes;
 * `plugin.ts` reads it.
 */
import { AnyToAnyError, rejectUnknownOptions } from '@any-to-any/core';
import { type EncodingName, encodingNames } from './tiktoken/engine.ts';

export interface CommonTextOptions {
  /** Relative-position buckets. Default 32. */
  readonly buckets?: number | undefined;
  /** Distance, in ids, from which all positions share the last bucket. Default 128. */
  readonly maxDistance?: number | undefined;
  /** Longest text to encode, bytes of UTF-8. Default 1 MiB. */
  readonly maxBytes?: number | undefined;
  /** Ids of the model, where it has more than its tokenizer; the rest decode to nothing. */
  readonly size?: number | undefined;
}

/** Ranks of one's own: a `.tiktoken` file and the pattern that splits text into words, in Rust's regex syntax. */
export interface TiktokenOptions extends CommonTextOptions {
  readonly kind: 'tiktoken';
  readonly ranks: Uint8Array;
  readonly pattern: string;
}

/** A standard encoding of the npm package `tiktoken`. */
export interface EncodingOptions extends CommonTextOptions {
  readonly kind: 'encoding';
  readonly name: EncodingName;
}

/** A Hugging Face `tokenizer.json`. */
export interface TokenizerJsonOptions extends CommonTextOptions {
  readonly kind: 'tokenizer.json';
  readonly json: Uint8Array;
}

export type TextOptions = TiktokenOptions | EncodingOptions | TokenizerJsonOptions;

const kinds = { tiktoken: ['pattern'], encoding: ['name'], 'tokenizer.json': [] } as const;
const sources = { tiktoken: 'ranks', encoding: undefined, 'tokenizer.json': 'json' } as const;
const numbers = { buckets: 2, maxDistance: 2, maxBytes: 1, size: 1 } as const;

export const where = '@any-to-any/tokenizer-text';

/**
 * Checks options as they come from an app (`from: 'bytes'`) or from a manifest (`from: 'file'`).
 * Throws OPTION_UNKNOWN and OPTION_INVALID.
 */
export function checkOptions(options: Readonly<Record<string, unknown>>, from: 'bytes' | 'file'): void {
  const kind = options['kind'];
  if (kind !== 'tiktoken' && kind !== 'encoding' && kind !== 'tokenizer.json') {
    throw invalid('kind', `one of ${Object.keys(kinds).join(', ')}`, kind);
  }
  const source = from === 'file' && sources[kind] !== undefined ? 'file' : sources[kind];
  const known = ['kind', ...kinds[kind], ...(source === undefined ? [] : [source]), ...Object.keys(numbers)];
  rejectUnknownOptions(options, known, `${where} of kind ${kind}`);
  if (kind === 'encoding' && !encodingNames.some((name) => name === options['name'])) {
    throw invalid('name', `one of ${encodingNames.join(', ')}`, options['name']);
  }
  if (kind === 'tiktoken') checkString(options, 'pattern');
  if (source === 'file') checkString(options, 'file');
  else if (source !== undefined && !(options[source] instanceof Uint8Array)) {
    throw invalid(source, 'the bytes of the file', options[source]);
  }
  for (const [name, least] of Object.entries(numbers)) {
    const value = options[name];
    if (value === undefined || (Number.isSafeInteger(value) && Number(value) >= least)) continue;
    throw invalid(name, `a whole number from ${least}`, value);
  }
}

export function invalid(option: string, expected: string, got: unknown): AnyToAnyError {
  const shown = got instanceof Uint8Array ? `${got.length} bytes` : (JSON.stringify(got) ?? String(got));
  const message = `${where} needs ${expected} as option "${option}", got ${shown.slice(0, 80)}.`;
  return new AnyToAnyError('OPTION_INVALID', message, { option });
}

function checkString(options: Readonly<Record<string, unknown>>, name: string): void {
  const value = options[name];
  if (typeof value !== 'string' || value === '') throw invalid(name, 'a string', value);
}
