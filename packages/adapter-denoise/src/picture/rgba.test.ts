import { expect, test } from 'vitest';
import { planarOf, rgbaOf } from './rgba.ts';

test('bytes to floats by hand; what is transparent lies over white', () => {
  const planar = planarOf(Uint8Array.of(0, 255, 51, 255, 0, 0, 0, 0));
  expect([...planar].map((value) => Number(value.toFixed(6)))).toEqual([-1, 1, 1, 1, -0.6, 1]);
});

test('every byte comes back, and values beyond the range are cut', () => {
  const data = Uint8Array.from({ length: 16 * 16 * 4 }, (_, i) => (i % 4 === 3 ? 255 : Math.floor(i / 4)));
  expect(rgbaOf(planarOf(data), 16, 16, 16)).toEqual(data);
  expect([...rgbaOf(Float32Array.of(-3, 7, Number.MIN_VALUE), 1, 1, 1)]).toEqual([0, 255, 128, 255]);
});

test('takes the top left of a larger patch', () => {
  const planar = Float32Array.from({ length: 12 }, (_, i) => (i % 4) / 127.5 - 1);
  expect([...rgbaOf(planar, 2, 1, 2)]).toEqual([0, 0, 0, 255, 2, 2, 2, 255]);
  const tall = Float32Array.from([0, 1, 2, 3, 4, 5], (level) => level / 127.5 - 1); // 1 × 2 px
  expect([...rgbaOf(tall, 1, 1, 2)]).toEqual([0, 2, 4, 255, 1, 3, 5, 255]);
});
