/**
 * The weights of a series encoder, and the file a trainer writes them into. Comes before `encoder.ts`.
 */
import { AnyToAnyError } from '@any-to-any/core';
import { patchFeatures } from './patches.ts';

export interface SeriesWeights {
  /** `[stride * channels]`, what the norm of a patch multiplies its values with; ones before training. */
  readonly gain: Float32Array;
  /** `[stride * channels + 1, width]`, row-major; the last row belongs to the logarithm of the loudness. */
  readonly projection: Float32Array;
  /** `[width]` */
  readonly bias: Float32Array;
}

export interface SeriesSizes {
  readonly channels: number;
  readonly stride: number;
  /** Width of one embedding: that of the decoder. */
  readonly width: number;
}

/** How many numbers each part has, in the order of the file. */
function partSizes(sizes: SeriesSizes): Readonly<Record<keyof SeriesWeights, number>> {
  const features = patchFeatures(sizes);
  return { gain: features - 1, projection: features * sizes.width, bias: sizes.width };
}

/**
 * Reads a file of float32, little endian, without a header: gain, projection, bias.
 * Throws BUNDLE_INVALID if it has another size or a value is not finite.
 */
export function readSeriesWeights(bytes: Uint8Array, sizes: SeriesSizes): SeriesWeights {
  const { gain, projection, bias } = partSizes(sizes);
  const expected = 4 * (gain + projection + bias);
  if (bytes.length !== expected) {
    const { channels, stride, width } = sizes;
    throw broken(
      `${expected} bytes for ${channels} channels, stride ${stride}, width ${width}`,
      `${bytes.length}`,
    );
  }
  const values = new Float32Array(bytes.slice().buffer); // a copy, as the file may begin at an odd address
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong !== -1) throw broken('finite numbers', `${values[wrong]} at ${wrong}`);
  return {
    gain: values.subarray(0, gain),
    projection: values.subarray(gain, gain + projection),
    bias: values.subarray(gain + projection),
  };
}

/** Throws OPTION_INVALID for the first part that has another length. */
export function checkSeriesWeights(weights: SeriesWeights, sizes: SeriesSizes): void {
  const expected = partSizes(sizes);
  for (const part of ['gain', 'projection', 'bias'] as const) {
    const length = weights[part]?.length;
    if (length === expected[part]) continue;
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `Expected ${expected[part]} numbers as "${part}" of a series encoder, got ${length}. ` +
        'Give the weights of these channels, stride and width.',
      { option: 'weights', part },
    );
  }
}

function broken(expected: string, got: string): AnyToAnyError {
  return new AnyToAnyError(
    'BUNDLE_INVALID',
    `The weights of a series encoder: expected ${expected}, got ${got}. Write the file again.`,
  );
}
