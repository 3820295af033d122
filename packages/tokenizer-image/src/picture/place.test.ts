import { readFileSync } from 'node:fs';
import type { ImageContent } from '@any-to-any/core';
import { expect, test } from 'vitest';
import { fixture } from '../fixtures.test.kit.ts';
import { defaultFitting, fitPixels } from './fit.ts';
import { resampleBicubic } from './resample.ts';

interface Case {
  readonly width: number;
  readonly height: number;
  readonly side: number;
  /** RGB bytes in base64: before and after. */
  readonly picture: string;
  readonly square: string;
}

const cases = JSON.parse(readFileSync(fixture('letterbox.json'), 'utf8')) as Case[]; // as training/ writes it
const grey = { ...defaultFitting, kernel: 'bicubic', background: [127, 127, 127], least: 4 } as const;

function imageOf(width: number, height: number, rgb: Uint8Array): ImageContent {
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) {
    data.set(rgb.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
  }
  return { modality: 'image', width, height, data };
}

test.each(cases)('$width × $height in a square of $side: the bytes of JanusImageProcessor', async (one) => {
  const { width, height, side } = one;
  const picture = Buffer.from(one.picture, 'base64');
  const pixels = await fitPixels(imageOf(width, height, picture), side, side, grey);
  const square = Buffer.from(one.square, 'base64');
  const bytes = Uint8Array.from({ length: square.length }, (_, at) =>
    Math.round((pixels[(at % 3) * side * side + Math.floor(at / 3)]! + 1) * 127.5),
  );
  expect(Buffer.from(bytes).equals(square)).toBe(true);
});

test('a narrow picture: scaled to the long side, in the middle, grey beside it', async () => {
  const black = imageOf(8, 4, new Uint8Array(96));
  const pixels = await fitPixels(black, 4, 4, { ...grey, least: 1 });
  const greyLevel = Math.fround(127 / 127.5 - 1);
  const row = (level: number) => Array<number>(4).fill(level);
  const plane = [...row(greyLevel), ...row(-1), ...row(-1), ...row(greyLevel)];
  expect([...pixels]).toEqual([...plane, ...plane, ...plane]);
});

test('cover: the short side fits, and the middle of the long one is kept', async () => {
  const stripes = imageOf(
    8,
    4,
    Uint8Array.from({ length: 96 }, (_, at) => 30 * (Math.floor(at / 3) % 8)),
  );
  const pixels = await fitPixels(stripes, 4, 4, { ...grey, fit: 'cover', least: 1 });
  const row = [60, 90, 120, 150].map((level) => Math.fround(level / 127.5 - 1));
  expect([...pixels.subarray(0, 16)]).toEqual([...row, ...row, ...row, ...row]);
});

test('an edge enlarged fourfold overshoots where the kernel is negative, and is clipped', async () => {
  const edge = { width: 4, height: 1, data: Uint8Array.from([40, 40, 240, 240].flatMap((v) => [v, v, v])) };
  const { data, width } = await resampleBicubic(edge, 16, 1);
  const reds = [...data].filter((_, at) => at % 3 === 0);
  expect(width).toBe(16);
  expect(Math.min(...reds)).toBeLessThan(40);
  expect(Math.max(...reds)).toBeGreaterThan(240);
  expect(reds.every((red, at) => at === 0 || red >= reds[at - 1]! - 30)).toBe(true);
});

test('the event loop gets its turn while a photograph is resampled', async () => {
  const large = { width: 3000, height: 2000, data: new Uint8Array(3000 * 2000 * 3) };
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await resampleBicubic(large, 384, 256);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(10);
});
