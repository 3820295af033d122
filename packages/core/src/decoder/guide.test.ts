import { describe, expect, it } from 'vitest';
import { Guide } from './guide.ts';

const rows = [
  [0, 0],
  [2, 4],
  [6, 0],
];
const open = (): Guide =>
  new Guide(
    'image',
    [1, 2, 4],
    { rows: 3, write: (row, target, offset) => target.set(rows[row]!, offset), close() {} },
    2,
  );

describe('a guide', () => {
  it.each([
    [1, [0, 0]],
    [1.5, [1, 2]],
    [2, [2, 4]],
    [3, [4, 2]],
    [4, [6, 0]],
  ])('of scale %d adds its vector, by hand', (scale, vector) => {
    const target = Float32Array.of(9, 10, 20, 9);
    open().add(scale, target, 1);
    expect([...target]).toEqual([9, 10 + vector[0]!, 20 + vector[1]!, 9]);
  });

  it('serves segments of different scales in turn', () => {
    const guide = open();
    const target = new Float32Array(6);
    [2, 4, 2].forEach((scale, row) => {
      guide.add(scale, target, 2 * row);
    });
    expect([...target]).toEqual([2, 4, 6, 0, 2, 4]);
  });

  it.each([0.99, 4.01, Number.NaN])('has no vector for %d', (scale) => {
    expect(() => open().add(scale, new Float32Array(2), 0)).toThrow(/OPTION_INVALID.*from 1 to 4/);
  });
});
