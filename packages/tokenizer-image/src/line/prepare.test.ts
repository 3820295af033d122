import { readFileSync } from 'node:fs';
import type { ImageContent } from '@any-to-any/core';
import { describe, expect, test } from 'vitest';
import { filled, fixture } from '../fixtures.test.kit.ts';
import { type Preparation, preparePixels } from './prepare.ts';
import { canvases, chooseCanvas, sizeOnCanvas } from './tiles.ts';

interface Case {
  readonly width: number;
  readonly height: number;
  readonly rgb: string;
  readonly pixels: string;
}
interface Recorded {
  /** Width, height, rows, columns. */
  readonly canvas: readonly [number, number, number, number][];
  readonly tiled: readonly (Case & { readonly aspect: number; readonly tiles: number })[];
  readonly stretched: readonly Case[];
}

/** What the image processors of transformers made. */
const recorded = JSON.parse(readFileSync(fixture('prepared.json'), 'utf8')) as Recorded; // written by prepared.py
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
const plain = { mean: [0, 0, 0], deviation: [1, 1, 1] } as const;

function contentOf({ width, height, rgb }: Case): ImageContent {
  const data = new Uint8Array(width * height * 4).fill(255);
  bytes(rgb).forEach((byte, at) => {
    data[Math.floor(at / 3) * 4 + (at % 3)] = byte;
  });
  return { modality: 'image', width, height, data };
}

describe('tiles', () => {
  test.each(recorded.canvas)('%i × %i pixels lie on %i × %i tiles of 560', (width, height, rows, columns) => {
    expect(chooseCanvas(width, height, 560, 4)).toEqual([rows, columns]);
  });

  test('canvases are numbered by rows, then columns', () => {
    expect(canvases(4).map((canvas) => canvas.join('×'))).toEqual(
      '1×1 1×2 1×3 1×4 2×1 2×2 3×1 4×1'.split(' '),
    );
  });

  test('sizes by hand', () => {
    expect(sizeOnCanvas(30, 17, 16, [1, 2])).toEqual({ width: 28, height: 16 });
    expect(sizeOnCanvas(5, 6, 16, [1, 1])).toEqual({ width: 13, height: 16 });
    expect(sizeOnCanvas(1000, 1, 16, [1, 4])).toEqual({ width: 64, height: 1 });
  });

  test.each(recorded.tiled.map((one) => [one.width, one.height, one] as const))(
    'a picture of %i × %i becomes the bytes that transformers makes of it',
    async (_, __, one) => {
      const how: Preparation = { fit: 'tiles', side: 16, most: 4, kernel: 'bilinear', ...plain };
      const { data, tiles, aspect } = await preparePixels(contentOf(one), how);
      expect([tiles, aspect]).toEqual([one.tiles, one.aspect]);
      const used = tiles * 3 * 16 * 16;
      expect([...data.subarray(0, used)].map((value) => Math.round(value * 255))).toEqual([
        ...bytes(one.pixels),
      ]);
      expect(data.subarray(used).every((value) => value === 0)).toBe(true);
      expect(data).toHaveLength(4 * 3 * 16 * 16);
    },
  );
});

test.each(recorded.stretched.map((one) => [one.width, one.height, one] as const))(
  'a picture of %i × %i is stretched to the bytes that transformers makes of it',
  async (_, __, one) => {
    const how: Preparation = { fit: 'stretch', side: 20, kernel: 'bicubic', ...plain };
    const { data } = await preparePixels(contentOf(one), how);
    expect([...data].map((value) => Math.round(value * 255))).toEqual([...bytes(one.pixels)]);
  },
);

test('mean and deviation by hand; beside the picture lies black, normalised, and in tiles not in use zeros', async () => {
  const how: Preparation = {
    fit: 'tiles',
    side: 4,
    most: 2,
    kernel: 'bilinear',
    mean: [0.5, 0.25, 0],
    deviation: [0.5, 0.25, 2],
  };
  const { data, tiles } = await preparePixels(filled(2, 4, [255, 255, 0, 255]), how);
  expect(tiles).toBe(1);
  expect([...data.subarray(0, 4)]).toEqual([1, 1, -1, -1]);
  expect([...data.subarray(16, 20)]).toEqual([3, 3, -1, -1]);
  expect([...data.subarray(32, 36)]).toEqual([0, 0, 0, 0]);
  expect(data.subarray(48).every((value) => value === 0)).toBe(true);
});
