import type { ImageDelta } from '@any-to-any/core';
import { expectCode } from '@any-to-any/core/testing';
import { expect, test } from 'vitest';
import { filled, pixelAt } from './fixtures.test.kit.ts';
import { joinImage } from './join.ts';

/** A grey patch of a picture of `size × size`. */
function patch(size: number, x: number, y: number, side: number, grey: number, revision = 0): ImageDelta {
  const { data } = filled(side, side, [grey, grey, grey, 255]);
  const rectangle = { x, y, width: side, height: side };
  return { modality: 'image', width: size, height: size, rectangle, data, revision, sigma: 0 };
}

const greys = (image: ReturnType<typeof joinImage>, y: number): number[] =>
  Array.from({ length: image.width }, (_, x) => pixelAt(image, x, y)[0]!);

test('puts patches side by side; where none lies the picture is white', () => {
  const image = joinImage([patch(4, 0, 0, 2, 10), patch(4, 2, 2, 2, 40)]);
  expect([greys(image, 0), greys(image, 3)]).toEqual([
    [10, 10, 255, 255],
    [255, 255, 40, 40],
  ]);
  expect(pixelAt(image, 3, 0)).toEqual([255, 255, 255, 255]);
});

test('the latest revision of a rectangle wins in any order; among equals the last to come', () => {
  const revisions = [patch(2, 0, 0, 2, 30, 2), patch(2, 0, 0, 2, 10, 0), patch(2, 0, 0, 2, 20, 1)];
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
  ]) {
    expect(greys(joinImage(order.map((index) => revisions[index]!)), 0)).toEqual([30, 30]);
  }
  expect(greys(joinImage([patch(2, 0, 0, 2, 1), patch(2, 0, 0, 2, 2)]), 1)).toEqual([2, 2]);
});

test('patches of an upscaled picture take the place of the small ones, which are enlarged meanwhile', () => {
  const small = [patch(4, 0, 0, 2, 10, 1), patch(4, 2, 0, 2, 20, 1)];
  const large = patch(8, 0, 0, 4, 90, 2);
  for (const deltas of [
    [...small, large],
    [large, ...small],
  ]) {
    const image = joinImage(deltas);
    expect([image.width, image.height]).toEqual([8, 8]);
    expect(greys(image, 3)).toEqual([90, 90, 90, 90, 20, 20, 20, 20]);
    const corrected = joinImage([...deltas, patch(4, 0, 0, 2, 7, 3)]);
    expect(greys(corrected, 3)).toEqual([7, 7, 7, 7, 20, 20, 20, 20]);
  }
});

test('refuses no patches at all and patches that do not fit', async () => {
  const good = patch(4, 0, 0, 2, 10);
  const broken: ImageDelta[] = [
    { ...good, data: good.data.subarray(4) },
    { ...good, rectangle: { x: 3, y: 0, width: 2, height: 2 } },
    { ...good, rectangle: { x: -1, y: 0, width: 2, height: 2 } },
    { ...good, width: Number.NaN },
    { ...good, revision: Number.NaN },
  ];
  for (const delta of broken) await expectCode(() => joinImage([good, delta]), 'CONTENT_INVALID');
  await expectCode(() => joinImage([]), 'CONTENT_INVALID');
  await expectCode(() => joinImage([good, { ...patch(8, 0, 0, 2, 1), height: 4 }]), 'CONTENT_INVALID');
});
