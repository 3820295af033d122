/**
 * Engine over the WASM build of OpenAI's tiktoken (npm `tiktoken`), loaded when first needed.
 * An encoder lives as long as its tokenizer: the library frees its WASM memory when the object is collected.
 */
import { createRequire } from 'node:module';
import { AnyToAnyError } from '@any-to-any/core';
import type { Engine } from '../engine.ts';
import { readRanks } from './rank-file.ts';

/** The encodings whose ranks come with the npm package. */
export const encodingNames = [
  'cl100k_base',
  'gpt2',
  'o200k_base',
  'p50k_base',
  'p50k_edit',
  'r50k_base',
] as const;
export type EncodingName = (typeof encodingNames)[number];

/** What `tiktoken/encoders/*.json` holds; `bpe_ranks` is lines of `! firstRank token token …`. */
interface EncodingFile {
  readonly bpe_ranks: string;
  readonly special_tokens: Readonly<Record<string, number>>;
  readonly pat_str: string;
}

/** An engine over our own ranks; it has no special tokens. Throws FORMAT_UNKNOWN, OPTION_INVALID. */
export async function ranksEngine(ranks: Uint8Array, pattern: string): Promise<Engine> {
  const tokens = readRanks(ranks);
  return openEngine(
    { bpe_ranks: `! 0 ${tokens.join(' ')}`, special_tokens: {}, pat_str: pattern },
    tokens.length,
  );
}

/** An engine over a standard encoding. Its special tokens only decode. */
export async function encodingEngine(name: EncodingName): Promise<Engine> {
  // `require` is untyped, and the package's own types describe another module format.
  const file = createRequire(import.meta.url)(`tiktoken/encoders/${name}.json`) as EncodingFile;
  return openEngine(file, sizeOf(file));
}

function sizeOf(file: EncodingFile): number {
  const ends = file.bpe_ranks.split('\n').map((line) => {
    const [, first, ...tokens] = line.split(' ');
    return Number(first) + tokens.length;
  });
  return Math.max(...ends, ...Object.values(file.special_tokens).map((id) => id + 1));
}

async function openEngine(file: EncodingFile, size: number): Promise<Engine> {
  const { Tiktoken } = await import('tiktoken/lite');
  const encoder = construct(
    () => new Tiktoken(file.bpe_ranks, { ...file.special_tokens }, file.pat_str),
    file,
  );
  return {
    size,
    // 1,024 letters without a break take about 5 ms, four times as many sixteen times as long.
    longest: 1024,
    encode(text) {
      try {
        return encoder.encode_ordinary(text);
      } catch (cause) {
        // The pattern gave up (its backtracking is limited). The encoder stays usable.
        throw new AnyToAnyError(
          'CONTENT_INVALID',
          `The pattern could not split ${text.length} characters of text. Use a pattern that backtracks less.`,
          { stage: 'encode', cause },
        );
      }
    },
    bytes(id) {
      try {
        return encoder.decode_single_token_bytes(id);
      } catch {
        return new Uint8Array(); // Standard encodings have gaps between their special tokens.
      }
    },
  };
}

function construct<T>(make: () => T, file: EncodingFile): T {
  try {
    return make();
  } catch (cause) {
    const message = `tiktoken refused the pattern ${JSON.stringify(file.pat_str)}. Use the syntax of Rust's regex.`;
    throw new AnyToAnyError('OPTION_INVALID', message, { option: 'pattern', cause });
  }
}
