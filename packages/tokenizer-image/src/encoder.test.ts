import type { ImageContent } from '@any-to-any/core';
import { encoderSuite, expectCode } from '@any-to-any/core/testing';
import { describe, expect, test } from 'vitest';
import { imageEncoder } from './encoder.ts';
import { encoderOptions, filled, fixture, fixtureGraph, golden } from './fixtures.test.kit.ts';
import { readImage } from './picture/read.ts';

const create = async () => imageEncoder(encoderOptions, await fixtureGraph('image-understand.onnx'));
const scene = await readImage(fixture('scene.png'));

describe('the published suite', () => {
  const broken = filled(4, 4, [0, 0, 0, 255]);
  const invalid: ImageContent[] = [
    { ...broken, data: broken.data.subarray(1) },
    { ...broken, width: -4 },
  ];
  const cases = encoderSuite({ create, samples: [scene, filled(300, 20, [200, 100, 0, 77])], invalid });
  for (const { name, run } of cases) test(name, run);
});

test('gives the embeddings PyTorch computed', async () => {
  const { embeddings, count, shape } = await (await create()).encode(scene);
  expect([count, shape]).toEqual([16, { kind: 'grid', rows: 4, columns: 4 }]);
  golden().embeddings.forEach((value, index) => {
    expect(Math.abs(embeddings[index]! - value)).toBeLessThan(1e-5);
  });
});

test('shares the buckets of the tokenizer, in plain raster order', async () => {
  const { layout, width } = await create();
  expect([width, layout.buckets]).toEqual([32, 225]);
  const shape = { kind: 'grid', rows: 4, columns: 4 } as const;
  // Index 5 is row 1, column 1; seen from there index 0 lies one row and one column back: (1 + 7) * 15 + 1 + 7.
  expect(layout.bucket(5, 0, shape)).toBe(128);
});

test('refuses a graph of another width', async () => {
  const graph = await fixtureGraph('image-understand.onnx');
  const wider = imageEncoder({ ...encoderOptions, width: 256 }, graph);
  await expectCode(() => wider.encode(scene), 'SHAPE_MISMATCH');
});
