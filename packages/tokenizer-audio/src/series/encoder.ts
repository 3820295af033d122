/**
 * A continuous encoder for anything that is measured over time: steps → patches → embeddings for the decoder to read.
 * Plugins make theirs with `createSeriesEncoder`. One linear layer: what needs context is the decoder's work.
 */
import { setImmediate } from 'node:timers/promises';
import {
  AnyToAnyError,
  type EncodedEmbeddings,
  type Encoder,
  type Layout,
  rejectUnknownOptions,
  throwIfAborted,
} from '@any-to-any/core';
import { checkSeries, type SeriesContent } from './content.ts';
import { normalisePatches, patchFeatures } from './patches.ts';
import { checkSeriesWeights, type SeriesSizes, type SeriesWeights } from './weights.ts';

export interface SeriesEncoderOptions extends SeriesSizes {
  readonly modality: string;
  /** Steps per second that the weights were trained on, Hz. Other rates are refused. */
  readonly rate: number;
  /** Steps per patch, and so per embedding. */
  readonly stride: 2 | 4;
  /** The line of the modality's tokenizer, whose buckets the patches share. */
  readonly layout: Layout;
  readonly weights: SeriesWeights;
  /** Most steps of one content. Default 4096. */
  readonly maxSteps?: number | undefined;
  /** Smallest mean square that is told from silence, in squared units of the data. Default 1e-6. */
  readonly epsilon?: number | undefined;
}

const known: readonly (keyof SeriesEncoderOptions)[] = [
  'modality',
  'rate',
  'channels',
  'stride',
  'width',
  'layout',
  'weights',
  'maxSteps',
  'epsilon',
];

/** Multiplications between two turns of the event loop: about a millisecond. */
const slice = 1 << 20;

/**
 * Content `[steps, channels]` → embeddings `[⌈steps / stride⌉, width]`, on a line: `normalisePatches`, times the gain,
 * times the projection, plus the bias. The same content gives the same embeddings, bit for bit.
 * Throws OPTION_UNKNOWN, OPTION_INVALID; its `encode` throws CONTENT_INVALID, CONTENT_TOO_LARGE, ABORTED.
 */
export function createSeriesEncoder(options: SeriesEncoderOptions): Encoder<SeriesContent> {
  rejectUnknownOptions(options, known, 'createSeriesEncoder');
  const { maxSteps = 4096, epsilon = 1e-6, weights, ...rest } = options;
  checkOptions({ ...rest, maxSteps, epsilon });
  checkSeriesWeights(weights, options);
  const { modality, rate, channels, stride, width, layout } = options;
  const features = patchFeatures(options);
  const patchesPerSlice = Math.max(1, Math.floor(slice / (features * width)));
  return {
    modality,
    width,
    layout,
    async encode(content, { signal } = {}): Promise<EncodedEmbeddings> {
      const data = checkSeries(content, { modality, rate, channels, maxSteps });
      const patches = normalisePatches(data, { channels, stride, epsilon });
      const count = patches.length / features;
      const embeddings = new Float32Array(count * width);
      for (let from = 0; from < count; from += patchesPerSlice) {
        if (from > 0) await setImmediate();
        throwIfAborted(signal, 'encode');
        const to = Math.min(count, from + patchesPerSlice);
        const rows = patches.subarray(from * features, to * features);
        project(rows, weights, embeddings.subarray(from * width, to * width));
      }
      return { embeddings, count, shape: { kind: 'line' } };
    },
  };
}

/** `rows [n, features]` → `into [n, width]`. Sums are kept in 64 bits. */
function project(rows: Float32Array, { gain, projection, bias }: SeriesWeights, into: Float32Array): void {
  const width = bias.length;
  const features = gain.length + 1;
  const sums = new Float64Array(width);
  for (let row = 0; row * features < rows.length; row++) {
    sums.set(bias);
    for (let i = 0; i < features; i++) {
      const value = rows[row * features + i]! * (i < gain.length ? gain[i]! : 1);
      for (let column = 0; column < width; column++) {
        sums[column] = sums[column]! + value * projection[i * width + column]!;
      }
    }
    into.set(sums, row * width);
  }
}

function checkOptions(options: Omit<SeriesEncoderOptions, 'weights'>): void {
  for (const name of ['channels', 'width', 'maxSteps'] as const) {
    const value = options[name];
    if (!Number.isSafeInteger(value) || Number(value) < 1) {
      throw wrong(name, 'a whole number of at least 1', value);
    }
  }
  for (const name of ['rate', 'epsilon'] as const) {
    const value = options[name];
    if (!(Number(value) > 0 && Number.isFinite(value))) throw wrong(name, 'a number above 0', value);
  }
  // The types say so too; options of a manifest have none.
  if (options.stride !== 2 && options.stride !== 4) throw wrong('stride', '2 or 4', options.stride);
  if (options.layout?.kind !== 'line') throw wrong('layout', 'a line', options.layout?.kind);
}

function wrong(option: string, expected: string, got: unknown): AnyToAnyError {
  return new AnyToAnyError(
    'OPTION_INVALID',
    `createSeriesEncoder needs ${expected} as option "${option}", got ${String(got)}. Check the manifest.`,
    { option },
  );
}
