import type { SoundContent } from '@any-to-any/core';
import { drain, expectCode, iterate } from '@any-to-any/core/testing';
import { expect, test } from 'vitest';
import { concatenate } from './concatenate.ts';
import { checkRate, checkSound, piecesOf, readPieces } from './read.ts';

const sound = (samples: ArrayLike<number>, rate = 1000): SoundContent => ({
  modality: 'audio',
  rate,
  samples: Float32Array.from(samples),
});
const read = (content: SoundContent, to = content.rate, signal?: AbortSignal) =>
  drain(readPieces(piecesOf(content), content.rate, to, signal));

test('content comes in pieces that are all of it', async () => {
  const content = sound(Array.from({ length: 1001 }, (_, n) => Math.sin(n)));
  const pieces = await read(content);
  expect(pieces.map((piece) => piece.length)).toEqual([250, 250, 250, 250, 1]);
  expect(concatenate(pieces)).toEqual(content.samples);
});

test('another rate gives as many samples as the duration has', async () => {
  expect(concatenate(await read(sound(new Float32Array(1000)), 1600)).length).toBe(1600);
});

test('refuses what is no sound', async () => {
  // Callers without types hand in anything.
  for (const broken of [undefined, null, {}, { modality: 'audio', rate: 1000, samples: [0.5] }]) {
    await expectCode(() => checkSound(broken as unknown as SoundContent), 'CONTENT_INVALID');
  }
  await expectCode(() => checkSound(sound([])), 'CONTENT_INVALID');
  for (const rate of [0, -1, Number.NaN, 44_100.5, 999, 400_000, undefined]) {
    await expectCode(() => checkRate(rate), 'CONTENT_INVALID');
  }
});

test('refuses samples that are not numbers of −1…1, and says where', async () => {
  for (const sample of [Number.NaN, Number.POSITIVE_INFINITY, -1.001, 7]) {
    await expectCode(() => read(sound([0, 1, -1, sample])), 'CONTENT_INVALID');
  }
  await expect(read(sound([...Array(300).fill(0), 2]))).rejects.toThrow(/got 2 at 300\. Scale or clip/);
});

test('refuses a stream without samples, or of something else', async () => {
  await expectCode(() => drain(readPieces(iterate([]), 1000, 1000, undefined)), 'CONTENT_INVALID');
  const wrong = [[0.5]] as unknown as Float32Array[]; // callers without types
  await expectCode(() => drain(readPieces(iterate(wrong), 1000, 1000, undefined)), 'CONTENT_INVALID');
});

test('stops when the signal fires', async () => {
  await expectCode(() => read(sound([0]), 1000, AbortSignal.abort()), 'ABORTED');
});
