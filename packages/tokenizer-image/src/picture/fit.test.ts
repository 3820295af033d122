import { expectCode } from '@any-to-any/core/testing';
import { expect, test } from 'vitest';
import { filled } from '../fixtures.test.kit.ts';
import { defaultFitting, fitPixels, overWhite, planarOf, rgbaOf } from './fit.ts';

test('lays transparent pixels over white', () => {
  // 200 at alpha 51 (one fifth): 200 / 5 + 255 * 4 / 5 = 244
  expect([...overWhite(new Uint8Array([200, 0, 255, 51, 9, 9, 9, 0]))]).toEqual([
    244, 204, 255, 255, 255, 255,
  ]);
});

test('turns bytes into planes of −1…1 and back', () => {
  const planar = planarOf(new Uint8Array([0, 255, 51, 255, 0, 204]));
  expect([...planar].map((value) => Math.round(value * 10) / 10)).toEqual([-1, 1, 1, -1, -0.6, 0.6]);
  const back = rgbaOf({ width: 2, height: 1, data: planar }, 0, 0, 2, 1);
  expect([...back]).toEqual([0, 255, 51, 255, 255, 0, 204, 255]);
});

test('cuts a rectangle and clamps what lies beyond −1…1', () => {
  const data = Float32Array.from({ length: 12 }, (_, index) => (index % 4 === 3 ? 3 : -3));
  expect([...rgbaOf({ width: 2, height: 2, data }, 1, 0, 1, 2)]).toEqual([0, 0, 0, 255, 255, 255, 255, 255]);
});

test('keeps the whole picture: white beside what has another aspect ratio', async () => {
  const planar = await fitPixels(filled(40, 20, [0, 0, 0, 255]), 16, 16);
  expect(planar.length).toBe(3 * 16 * 16);
  expect([0, 4, 8, 11, 12, 15].map((row) => Math.round(planar[row * 16 + 8]!))).toEqual([
    1, -1, -1, -1, 1, 1,
  ]);
});

test('takes a picture of the right size as it is, survives extreme ratios, shows white through', async () => {
  const exact = await fitPixels(filled(8, 8, [255, 0, 51, 255]), 8, 8);
  expect([exact[0], exact[64], Math.round(exact[128]! * 10)]).toEqual([1, -1, -6]);
  for (const [width, height] of [
    [1, 3000],
    [3000, 1],
    [1, 1],
  ] as const) {
    const planar = await fitPixels(filled(width, height, [0, 0, 0, 255]), 16, 16);
    expect(planar.every((value) => value >= -1 && value <= 1)).toBe(true);
  }
  const ghost = await fitPixels(filled(40, 40, [0, 0, 0, 0]), 16, 16);
  expect(ghost.every((value) => value === 1)).toBe(true);
  await expectCode(() => fitPixels({ ...filled(2, 2, [0]), width: 3 }, 16, 16), 'CONTENT_INVALID');
});

test('scales bytes as the model was trained on them', async () => {
  const fitting = { ...defaultFitting, scale: 0.01, mean: [1, 0, 0.5], deviation: [1, 2, 0.5] } as const;
  const [r, g, b] = await fitPixels(filled(1, 1, [200, 100, 50, 255]), 1, 1, fitting);
  expect(r).toBeCloseTo(1, 6);
  expect(g).toBeCloseTo(0.5, 6);
  expect(b).toBeCloseTo(0, 6);
});

test('fills the rest with the background, or leaves no rest', async () => {
  const wide = filled(8, 4, [255, 255, 255, 255]);
  const grey = { ...defaultFitting, background: [127, 127, 127] } as const;
  const contained = await fitPixels(wide, 8, 8, grey);
  expect([contained[0], contained[8 * 4]]).toEqual([Math.fround(127 / 127.5 - 1), 1]);
  expect((await fitPixels(wide, 8, 8, { ...grey, fit: 'cover' })).every((value) => value === 1)).toBe(true);
});
