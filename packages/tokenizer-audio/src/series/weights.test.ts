import { describe, expect, test } from 'vitest';
import { readSeriesWeights } from './weights.ts';

const sizes = { channels: 1, stride: 2, width: 3 };
/** Two of the gain, three rows of three, three of the bias. */
const numbers = Float32Array.from({ length: 14 }, (_, i) => i - 4.5);

test('reads gain, projection and bias, wherever the bytes lie', () => {
  const shifted = new Uint8Array(57);
  shifted.set(new Uint8Array(numbers.buffer), 1);
  for (const bytes of [new Uint8Array(numbers.buffer), shifted.subarray(1)]) {
    const { gain, projection, bias } = readSeriesWeights(bytes, sizes);
    expect([...gain]).toEqual([-4.5, -3.5]);
    expect([...projection]).toEqual([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5]);
    expect([...bias]).toEqual([6.5, 7.5, 8.5]);
  }
});

test('little endian: 1.5 is 00 00 c0 3f', () => {
  const bytes = new Uint8Array(56);
  bytes.set([0x00, 0x00, 0xc0, 0x3f]);
  expect(readSeriesWeights(bytes, sizes).gain[0]).toBe(1.5);
});

describe('refuses', () => {
  test.each([
    ['a file that is cut', new Uint8Array(55), /BUNDLE_INVALID.*56 bytes.*got 55/],
    ['a file of another model', new Uint8Array(60), /BUNDLE_INVALID.*56 bytes.*got 60/],
    ['nothing', new Uint8Array(), /BUNDLE_INVALID/],
    ['NaN', new Uint8Array(numbers.with(6, Number.NaN).buffer), /BUNDLE_INVALID.*NaN at 6/],
  ])('%s', (_, bytes, message) => {
    expect(() => readSeriesWeights(bytes, sizes)).toThrow(message);
  });
});
