import { describe, expect, test } from 'vitest';
import { dequantize, emptyMatrix, type Quantization, quantizeRows } from './block.ts';
import { quantizeMatrix, transpose } from './matrix.ts';

const all: Quantization[] = [
  { bits: 4, block: 32 },
  { bits: 4, block: 128 },
  { bits: 8, block: 32 },
  { bits: 8, block: 128 },
];

/** Numbers that look like weights: a sum of sines, no two blocks alike. */
const wave = (length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 1.7) + 0.5 * Math.cos(i * 0.37 + 1));

describe.each(all)('$bits bits, blocks of $block', (quantization) => {
  test.each([
    [3, 256],
    [2, 48],
    [1, 1],
    [5, 130],
  ])('[%i, %i] comes back within one step of the scale', (rows, columns) => {
    const weights = wave(rows * columns);
    const matrix = emptyMatrix(rows, columns, quantization);
    quantizeRows(weights, matrix, 0, rows);
    const back = dequantize(matrix);
    const blocks = Math.ceil(columns / quantization.block);
    expect(back).toHaveLength(weights.length);
    back.forEach((value, i) => {
      const block = Math.floor(i / columns) * blocks + Math.floor((i % columns) / quantization.block);
      const scale = Math.abs(matrix.scales[block]!);
      // 8 bits: rounding, half a step. 4 bits: the end without −8 may be cut off, and the scale is fitted, not measured.
      expect(Math.abs(value - weights[i]!)).toBeLessThanOrEqual(
        scale * (quantization.bits === 8 ? 0.5001 : 1.5),
      );
    });
  });

  test('zeros stay zeros', () => {
    const matrix = emptyMatrix(1, 40, quantization);
    quantizeRows(new Float32Array(40), matrix, 0, 1);
    expect(dequantize(matrix)).toEqual(new Float32Array(40));
  });

  test('in slices it gives the same', async () => {
    const weights = wave(1100 * 256);
    const matrix = emptyMatrix(1100, 256, quantization);
    quantizeRows(weights, matrix, 0, 1100);
    const sliced = await quantizeMatrix(weights, 1100, 256, quantization);
    expect(Buffer.compare(sliced.values, matrix.values)).toBe(0);
    expect(Buffer.compare(Buffer.from(sliced.scales.buffer), Buffer.from(matrix.scales.buffer))).toBe(0);
  });
});

test('8 bits by hand', () => {
  const matrix = emptyMatrix(1, 4, { bits: 8, block: 32 });
  quantizeRows(Float32Array.of(1.27, -0.635, 0, 0.01), matrix, 0, 1);
  expect(matrix.scales[0]).toBeCloseTo(0.01, 7);
  // −0.635 / 0.01 is −63.5, which rounds up; the padding is the zero point.
  expect([...matrix.values]).toEqual([255, 65, 128, 129, ...new Array(28).fill(128)]);
});

test('4 bits by hand', () => {
  const matrix = emptyMatrix(1, 5, { bits: 4, block: 32 });
  quantizeRows(Float32Array.of(-8, 7, 0, 4, 1), matrix, 0, 1);
  expect(matrix.scales[0]).toBe(1);
  // Levels −8 7 0 4 1 are stored 0 15 8 12 9, the even column in the low half.
  expect([...matrix.values.subarray(0, 4)]).toEqual([0xf0, 0xc8, 0x89, 0x88]);
  expect([...dequantize(matrix)]).toEqual([-8, 7, 0, 4, 1]);
});

test('4 bits: a block of the other sign uses the longer end too', () => {
  const matrix = emptyMatrix(1, 3, { bits: 4, block: 32 });
  quantizeRows(Float32Array.of(8, -7, 1), matrix, 0, 1);
  expect(matrix.scales[0]).toBe(-1);
  expect([...dequantize(matrix)]).toEqual([8, -7, 1]);
});

test('4 bits lose less than plain rounding to the largest weight', () => {
  const weights = wave(64 * 128);
  const matrix = emptyMatrix(64, 128, { bits: 4, block: 32 });
  quantizeRows(weights, matrix, 0, 64);
  let plain = 0;
  for (let start = 0; start < weights.length; start += 32) {
    const block = weights.subarray(start, start + 32);
    const scale = Math.max(...block.map(Math.abs)) / 7;
    for (const value of block) plain += (value - Math.round(value / scale) * scale) ** 2;
  }
  const fitted = dequantize(matrix).reduce((sum, value, i) => sum + (value - weights[i]!) ** 2, 0);
  expect(fitted).toBeLessThan(plain);
});

test('transpose', async () => {
  expect([...(await transpose(Float32Array.of(1, 2, 3, 4, 5, 6), 2, 3))]).toEqual([1, 4, 2, 5, 3, 6]);
});
