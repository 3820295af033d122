/**
 * What the families of sound codecs have in common: the options that apply to them, and the manifest of the tokenizer
 * bundle they make, in the terms of `@any-to-any/tokenizer-audio`.
 */
import { AnyToAnyError, type TokenizerManifestParts } from '@any-to-any/core';
import type { StreamState } from '../blocks/stream.ts';
import type { Model } from '../onnx/model.ts';
import type { Settings } from '../options.ts';
import { describeTokenizer, rejectModelOptions } from './tokenizer.ts';

export const codecFiles = { encode: 'audio-encode.onnx', decode: 'audio-decode.onnx' } as const;

export interface CodecGraph {
  readonly model: Model;
  /** Absent: the graph takes everything in one run. */
  readonly states: readonly StreamState[] | undefined;
}

export interface Codec {
  /** Samples per second, Hz. */
  readonly rate: number;
  /** Samples per frame. */
  readonly stride: number;
  /** Ids of one codebook. */
  readonly size: number;
  readonly codebooks: number;
  readonly encode: CodecGraph;
  readonly decode: CodecGraph;
  /** Fewest frames of the first run, `[encoder, decoder]`; 1: a stream may begin with any. */
  readonly begin: readonly [number, number];
}

/** Buckets of the line layout that a model over these ids is to have, as for text. */
const layout = { buckets: 32, maxDistance: 128 } as const;

export interface CodebookCounts {
  readonly all: number;
  readonly fewest: number;
  /** Where none are asked for. */
  readonly usual: number;
}

/**
 * How many codebooks are used. Throws OPTION_INVALID for more or fewer than there may be, and for options of models
 * that mean nothing here.
 */
export function chooseCodebooks(settings: Settings, { all, fewest, usual }: CodebookCounts): number {
  rejectModelOptions(settings, 'a sound codec');
  const { codebooks = usual } = settings;
  if (codebooks >= fewest && codebooks <= all) return codebooks;
  throw new AnyToAnyError(
    'OPTION_INVALID',
    `codebooks is at least ${fewest} and at most ${all} for this checkpoint, not ${codebooks}.`,
    { option: 'codebooks' },
  );
}

export function describeCodec(codec: Codec, settings: Settings): TokenizerManifestParts {
  const { rate, stride, size, codebooks, encode, decode, begin } = codec;
  const options = {
    kind: 'codec',
    rate,
    stride,
    size,
    codebooks,
    arrangement: 'flattened',
    ...layout,
    encode: { ...describeGraph(codecFiles.encode, encode, begin[0]), partial: true },
    decode: describeGraph(codecFiles.decode, decode, begin[1]),
  };
  return describeTokenizer({ modality: 'audio', plugin: '@any-to-any/tokenizer-audio', options }, settings);
}

function describeGraph(graph: string, { states }: CodecGraph, frames: number) {
  if (states === undefined) return { streaming: false, graph };
  return { streaming: true, graph, states, ...(frames > 1 && { first: { frames } }) };
}
