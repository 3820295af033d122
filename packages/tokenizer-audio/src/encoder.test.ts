import type { Graph, SoundContent } from '@any-to-any/core';
import { encoderSuite, expectCode } from '@any-to-any/core/testing';
import { describe, expect, test } from 'vitest';
import { soundEncoder } from './encoder.ts';
import { type EncoderOptions, readEncoderOptions } from './options.ts';

const options = readEncoderOptions({
  kind: 'sound',
  rate: 1000,
  stride: 4,
  width: 2,
  buckets: 32,
  maxDistance: 128,
  graph: 'understand',
  longest: 2,
});

/** Each embedding is the sum of its four samples, and their number. */
const graph: Graph = {
  inputs: ['samples'],
  outputs: ['embeddings'],
  async run({ samples }, signal) {
    signal?.throwIfAborted();
    const data = samples!.data as Float32Array; // float32
    const count = data.length / 4;
    const sums = Array.from({ length: count }, (_, i) => [...data.subarray(4 * i, 4 * i + 4)]);
    const embeddings = sums.flatMap((own) => [own.reduce((sum, sample) => sum + sample, 0), own.length]);
    return { embeddings: { data: Float32Array.from(embeddings), dims: [1, count, 2] } };
  },
  close() {},
};
const create = async (change: Partial<EncoderOptions> = {}) => soundEncoder({ ...options, ...change }, graph);
const sound = (samples: readonly number[], rate = 1000): SoundContent => ({
  modality: 'audio',
  rate,
  samples: Float32Array.from(samples),
});

describe('the published suite', () => {
  const cases = encoderSuite({
    create,
    samples: [sound([0.5, 0.25]), sound(Array(1999).fill(0.1)), sound(Array(441).fill(0.1), 44_100)],
    invalid: [
      sound([]),
      sound([Number.NaN]),
      sound([1.5]),
      sound(Array(2001).fill(0)),
      { ...sound([0]), rate: Number.NaN },
    ],
  });
  for (const { name, run } of cases) test(name, run);
});

test('by hand: six samples are two embeddings, the second filled up with zeros', async () => {
  const { embeddings, count, shape } = await (await create()).encode(sound([0.5, 0.25, 0, 0, 1, -0.5]));
  expect([[...embeddings], count, shape]).toEqual([[0.75, 4, 0.5, 4], 2, { kind: 'line' }]);
});

test('says how much too long a sound is', async () => {
  const encoder = await create();
  await expectCode(() => encoder.encode(sound(Array(2001).fill(0))), 'CONTENT_TOO_LARGE');
  await encoder.encode(sound(Array(2000).fill(0)));
});

test('refuses a graph of another width', async () => {
  await expectCode(async () => (await create({ width: 3 })).encode(sound([1])), 'SHAPE_MISMATCH');
});
