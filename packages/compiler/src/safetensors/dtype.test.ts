import { describe, expect, test } from 'vitest';
import { halfToFloat, toFloat32, toHalf } from './dtype.ts';

// value → bits, as NumPy's astype(float16) gives them
const halves: readonly (readonly [number, number])[] = [
  [0, 0],
  [-0, 0x8000],
  [1, 0x3c00],
  [65504, 0x7bff],
  [65519.9, 0x7bff],
  [65520, 0x7c00],
  [1e-8, 0],
  [2 ** -24, 1],
  [2.98e-8, 0],
  [2 ** -25, 0],
  [6.1e-5, 0x3ff],
  [0.1, 0x2e66],
  [-1 / 3, 0xb555],
  [2049, 0x6800],
  [2051, 0x6802],
  [Number.POSITIVE_INFINITY, 0x7c00],
  [Number.NaN, 0x7e00],
];

describe('halves', () => {
  test.each(halves)('%f has the bits NumPy gives it', (value, bits) => {
    expect(toHalf(Float32Array.of(value))[0]).toBe(bits);
  });

  test('every finite half comes back from its float', () => {
    const finite = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits).filter(
      (bits) => (bits & 0x7c00) !== 0x7c00,
    );
    const back = toHalf(Float32Array.from(finite, halfToFloat));
    expect(finite.filter((bits, i) => bits !== back[i])).toHaveLength(0);
  });
});

test('every type is read as floats', () => {
  const read = (array: ArrayBufferView, dtype: Parameters<typeof toFloat32>[1]) => [
    ...toFloat32(new Uint8Array(array.buffer), dtype),
  ];
  expect(read(Float64Array.of(0.5), 'F64')).toEqual([0.5]);
  expect(read(Float32Array.of(0.25), 'F32')).toEqual([0.25]);
  expect(read(Uint16Array.of(0xc000), 'F16')).toEqual([-2]);
  expect(read(Uint16Array.of(0xc049), 'BF16')).toEqual([-3.140625]);
  expect(read(BigInt64Array.of(-4n), 'I64')).toEqual([-4]);
  expect(read(BigUint64Array.of(4n), 'U64')).toEqual([4]);
  expect(read(Int32Array.of(-70_000), 'I32')).toEqual([-70_000]);
  expect(read(Uint32Array.of(70_000), 'U32')).toEqual([70_000]);
  expect(read(Int16Array.of(-300), 'I16')).toEqual([-300]);
  expect(read(Uint16Array.of(40_000), 'U16')).toEqual([40_000]);
  expect(read(Int8Array.of(-3), 'I8')).toEqual([-3]);
  expect(read(Uint8Array.of(200), 'U8')).toEqual([200]);
  expect(read(Uint8Array.of(1, 0), 'BOOL')).toEqual([1, 0]);
});
