/**
 * The sound tokenizer: samples ⇄ ids of a residual codec (EnCodec, Défossez et al. 2022, arXiv 2210.13438), streamed
 * both ways. Reading samples is `samples/`, running the codec `codec/`. Opens no files: its graphs come from the bundle.
 */
import {
  AnyToAnyError,
  type EncodeOptions,
  lineLayout,
  type Port,
  type Shape,
  type SoundContent,
  type SoundDelta,
  type Tokenizer,
  throwIfAborted,
} from '@any-to-any/core';
import { decodeIds } from './codec/decode.ts';
import { encodeSamples } from './codec/encode.ts';
import type { CodecGraphs } from './codec/run.ts';
import { joinSound } from './join.ts';
import { openCodec } from './open.ts';
import {
  type DecodeStream,
  type EncodeStream,
  readTokenizerOptions,
  type TokenizerOptions,
} from './options.ts';
import { checkRate, checkSound, piecesOf, readPieces } from './samples/read.ts';

export interface SoundTokenizer extends Tokenizer<SoundContent, SoundDelta> {
  /** Hz of the sound it makes. */
  readonly rate: number;
  /** Ids of a second of sound. */
  readonly idsPerSecond: number;
  /**
   * Encodes a sound that is still being made (a microphone): pieces of any length, mono, −1…1, at `options.rate` Hz.
   * Yields ids with the frames they belong to; together they are what `encode` gives for the whole sound.
   * Throws CONTENT_INVALID for a sample that is not of −1…1, for a wrong rate, or if no sample came; ABORTED.
   */
  encodeStream(pieces: AsyncIterable<Float32Array>, options: EncodeStreamOptions): AsyncIterable<Uint32Array>;
}

export interface EncodeStreamOptions extends EncodeOptions {
  /** Samples per second of the pieces, Hz. */
  readonly rate: number;
}

/** Whether a tokenizer (that `openTokenizer` of core has opened, say) is this plugin's, and can encode a stream. */
export function isSoundTokenizer(tokenizer: object): tokenizer is SoundTokenizer {
  return 'modality' in tokenizer && tokenizer.modality === 'audio' && 'encodeStream' in tokenizer;
}

const line: Shape = { kind: 'line' };

/** Opens the tokenizer of a bundle without a pipeline. Throws OPTION_*, BUNDLE_INVALID. */
export async function openSoundTokenizer(port: Port): Promise<SoundTokenizer> {
  const options = readTokenizerOptions(port.options);
  const [encode, decode] = await Promise.all([
    openCodec(port, options.encode, 'samples', 'codes'),
    openCodec(port, options.decode, 'codes', 'samples'),
  ]);
  return soundTokenizer(options, { encode, decode });
}

export interface TokenizerGraphs {
  readonly encode: CodecGraphs<EncodeStream>;
  readonly decode: CodecGraphs<DecodeStream>;
}

export function soundTokenizer(
  options: TokenizerOptions,
  { encode, decode }: TokenizerGraphs,
): SoundTokenizer {
  const { rate, stride, size, codebooks } = options;
  const layout = lineLayout(options);
  const encodePieces = (pieces: AsyncIterable<Float32Array>, from: number, signal: AbortSignal | undefined) =>
    encodeSamples(readPieces(pieces, from, rate, signal), options, encode, signal);
  return {
    modality: 'audio',
    size: size * codebooks,
    layout,
    rate,
    idsPerSecond: (rate / stride) * codebooks,
    shape(requested) {
      if (requested === undefined || requested.kind === 'line') return line;
      throw new AnyToAnyError(
        'OPTION_INVALID',
        `Sound is a line, not a ${requested.kind}. Ask for no shape.`,
      );
    },
    async encode(content, { signal } = {}) {
      throwIfAborted(signal, 'encode');
      checkSound(content);
      const ids: number[] = [];
      for await (const some of encodePieces(piecesOf(content), content.rate, signal))
        for (const id of some) ids.push(id);
      return { ids: Uint32Array.from(ids), shape: line };
    },
    async *encodeStream(pieces, { rate: from, signal }) {
      checkRate(from);
      for await (const ids of encodePieces(pieces, from, signal)) yield Uint32Array.from(ids);
    },
    decode: (ids, decodeOptions) => decodeIds(ids, decodeOptions, options, decode),
    join: (deltas) => joinSound(deltas, rate),
  };
}
