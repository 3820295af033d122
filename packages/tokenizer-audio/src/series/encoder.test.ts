import { AnyToAnyError, type Encoder, lineLayout } from '@any-to-any/core';
import { encoderSuite, expectCode } from '@any-to-any/core/testing';
import { describe, expect, test } from 'vitest';
import type { SeriesContent } from './content.ts';
import { createSeriesEncoder, type SeriesEncoderOptions } from './encoder.ts';
import type { SeriesWeights } from './weights.ts';

const from = (length: number, value: (i: number) => number): Float32Array =>
  Float32Array.from({ length }, (_, i) => value(i));

const layout = lineLayout({ buckets: 8, maxDistance: 32 });

/** Three channels, four steps a patch, five numbers an embedding. */
const options: SeriesEncoderOptions = {
  modality: 'motion',
  rate: 50,
  channels: 3,
  stride: 4,
  width: 5,
  layout,
  weights: {
    gain: from(12, (i) => 1 + i / 10),
    projection: from(65, Math.cos),
    bias: from(5, (i) => i / 4),
  },
  maxSteps: 100,
};

const series = (data: Float32Array, more: Partial<SeriesContent> = {}): SeriesContent => ({
  modality: 'motion',
  rate: 50,
  channels: 3,
  data,
  ...more,
});

const weightsOf = (size: number, width: number): SeriesWeights => ({
  gain: new Float32Array(size).fill(1),
  projection: from((size + 1) * width, Math.sin),
  bias: new Float32Array(width),
});
const wide = createSeriesEncoder({ ...options, width: 512, weights: weightsOf(12, 512), maxSteps: 4000 });
/** 1,000 patches, so several slices for the wide encoder. */
const long = series(from(12_000, (i) => Math.sin(i * i)));

const create = async (): Promise<Encoder<SeriesContent>> => createSeriesEncoder(options);
const good = series(from(30, Math.sin));
const notANumber = Float32Array.of(0, 0, 0, 0, Number.NaN, 0);

const invalid: [what: string, content: SeriesContent, message: RegExp][] = [
  ['another modality', series(new Float32Array(3), { modality: 'sound' }), /Expected motion, got sound/],
  ['nothing', series(new Float32Array()), /at least one step/],
  ['half a step', series(new Float32Array(4)), /3 values a step, got 4/],
  ['another number of channels', series(new Float32Array(6), { channels: 2 }), /3 channels .*got 2/],
  ['another rate', series(new Float32Array(6), { rate: 100 }), /50 Hz, got 100/],
  ['NaN', series(notANumber), /NaN at step 1, channel 1/],
  ['infinity', series(Float32Array.of(0, 0, Number.POSITIVE_INFINITY)), /Infinity at step 0, channel 2/],
  ['too many steps', series(new Float32Array(303)), /CONTENT_TOO_LARGE.*at most 100 steps .*got 101/],
  // Callers without types hand in anything.
  ['a list', series([0, 0, 0] as unknown as Float32Array), /Float32Array .*got object/],
  ['no fields', { modality: 'motion' } as SeriesContent, /CONTENT_INVALID/],
];

describe('the published suite', () => {
  const samples = [good, series(new Float32Array(3)), series(from(300, (i) => 1e30 * Math.sin(i)))];
  const cases = encoderSuite({ create, samples, invalid: invalid.map(([, content]) => content) });
  for (const { name, run } of cases) test(name, run);
});

test('gives the embeddings NumPy computes', async () => {
  // x = np.sin(np.arange(30)).astype('f4').reshape(10, 3)
  // x = np.concatenate([x, np.repeat(x[-1:], 2, 0)]).reshape(3, 12).astype('f8')
  // r = np.sqrt((x**2).mean(1, keepdims=True) + 1e-6)
  // x = np.concatenate([x / r * (1 + np.arange(12) / 10), np.log(r)], 1)
  // x @ np.cos(np.arange(65)).reshape(13, 5) + np.arange(5) / 4
  const expected = [
    [-7.590819, -6.561277, 0.730521, 7.810379, 8.398958],
    [-5.983324, -8.833825, -3.332699, 5.692193, 10.173256],
    [-1.717044, -2.147884, -0.37412, 2.203305, 3.444569],
  ].flat();
  const { embeddings, count, shape } = await (await create()).encode(good);
  expect([count, shape]).toEqual([3, { kind: 'line' }]);
  expect(embeddings).toHaveLength(15);
  expected.forEach((value, i) => {
    expect(embeddings[i]).toBeCloseTo(value, 5);
  });
});

test('by hand: one channel, a stride of 2', async () => {
  const encoder = createSeriesEncoder({
    ...options,
    channels: 1,
    stride: 2,
    width: 2,
    weights: {
      gain: Float32Array.of(1, 2),
      projection: Float32Array.of(1, 0, 0, 1, 10, 0),
      bias: Float32Array.of(0, -3),
    },
  });
  const content = series(Float32Array.of(1, 7, 5), { channels: 1 });
  const { embeddings } = await encoder.encode(content);
  // (1, 7): mean of squares 25, so (0.2, 1.4) and ln 5; times the gain (0.2, 2.8). (5, 5 again): (1, 1) and ln 5.
  const expected = [0.2 + 10 * Math.log(5), 2.8 - 3, 1 + 10 * Math.log(5), 2 - 3];
  expect(embeddings).toHaveLength(4);
  expected.forEach((value, i) => {
    expect(embeddings[i]).toBeCloseTo(value, 5);
  });
});

test('twice as strong moves an embedding along the last row of the projection, and nothing else', async () => {
  const encoder = createSeriesEncoder({ ...options, epsilon: 1e-12 });
  const strong = { ...good, data: good.data.map((value) => 2 * value) };
  const [a, b] = [await encoder.encode(good), await encoder.encode(strong)];
  a.embeddings.forEach((value, i) => {
    const force = Math.log(2) * options.weights.projection[60 + (i % 5)]!;
    expect(b.embeddings[i]! - value).toBeCloseTo(force, 4);
  });
});

test('patches do not depend on how much comes with them', async () => {
  const { embeddings, count } = await wide.encode(long);
  expect(count).toBe(1000);
  const alone = await wide.encode(series(long.data.subarray(999 * 12)));
  expect(embeddings.subarray(999 * wide.width)).toEqual(alone.embeddings);
});

test('long content can be stopped on the way, and other work runs in between', async () => {
  const stop = new AbortController();
  const encoding = wide.encode(long, { signal: stop.signal });
  setImmediate(() => stop.abort());
  await expect(encoding).rejects.toThrow(/ABORTED/);
});

describe('content that is refused', () => {
  test.each(invalid)('%s', async (_, content, message) => {
    const encoder = await create();
    await expectCode(() => encoder.encode(content), 'CONTENT_INVALID', 'CONTENT_TOO_LARGE');
    await expect(encoder.encode(content)).rejects.toThrow(message);
  });
});

describe('options that are refused', () => {
  test.each([
    ['OPTION_UNKNOWN', { strides: 4 }],
    ['OPTION_INVALID', { stride: 3, weights: weightsOf(9, 5) }],
    ['OPTION_INVALID', { channels: 0 }],
    ['OPTION_INVALID', { width: 2.5 }],
    ['OPTION_INVALID', { rate: Number.NaN }],
    ['OPTION_INVALID', { epsilon: 0 }],
    ['OPTION_INVALID', { maxSteps: -1 }],
    ['OPTION_INVALID', { layout: { ...layout, kind: 'grid' } }],
    ['OPTION_INVALID', { width: 6 }],
    ['OPTION_INVALID', { weights: { ...options.weights, gain: new Float32Array(13) } }],
  ])('%s for %o', (code, change) => {
    // The types forbid these; a manifest has none.
    const wrong = { ...options, ...change } as SeriesEncoderOptions;
    expect(() => createSeriesEncoder(wrong)).toThrow(AnyToAnyError);
    expect(() => createSeriesEncoder(wrong)).toThrow(new RegExp(code));
  });
});
