import { describe, expect, test } from 'vitest';
import { transposedPieces } from '../quantize/matrix.ts';
import { joined, type LoadWeights, partsOf, pieceElements, piecesOf } from './pieces.ts';

const count = (length: number, from = 0): Float32Array => Float32Array.from({ length }, (_, i) => from + i);

/** A loader that notes which parts are asked for; `whole` says that it was asked for everything. */
function noting(values: Float32Array, parted: boolean) {
  const asked: (string | [number, number])[] = [];
  const load: LoadWeights = () => {
    asked.push('whole');
    return values;
  };
  const part = async (from: number, to: number): Promise<Float32Array> => {
    asked.push([from, to]);
    return values.slice(from, to);
  };
  return { asked, load: parted ? Object.assign(load, { part }) : load };
}

async function collect(pieces: AsyncIterable<Float32Array>): Promise<{ sizes: number[]; all: number[] }> {
  const sizes: number[] = [];
  const all: number[] = [];
  for await (const piece of pieces) {
    sizes.push(piece.length);
    for (const value of piece) all.push(value);
  }
  return { sizes, all };
}

test('a part is asked for as a part, of what has none the whole once', async () => {
  const values = count(10);
  const one = noting(values, true);
  expect([...(await partsOf(one.load)(2, 5))]).toEqual([2, 3, 4]);
  expect(one.asked).toEqual([[2, 5]]);
  const other = noting(values, false);
  const read = partsOf(other.load);
  expect([...(await read(0, 3)), ...(await read(3, 10))]).toEqual([...values]);
  expect(other.asked).toEqual(['whole']);
  await read(0, 1);
  expect(other.asked).toEqual(['whole', 'whole']); // let go when its end had been read
});

test('pieces are whole rows, about a million elements each', async () => {
  const values = count(3 * pieceElements + 7);
  expect((await collect(piecesOf(noting(values, true).load, values.length))).sizes).toEqual([
    pieceElements,
    pieceElements,
    pieceElements,
    7,
  ]);
  const columns = 300_000;
  const { sizes, all } = await collect(piecesOf(noting(values, true).load, 4 * columns, columns));
  expect(sizes).toEqual([3 * columns, columns]);
  expect(all.every((value, i) => value === values[i])).toBe(true);
});

test('loaders one after the other, across their borders', async () => {
  const [first, second, third] = [
    noting(count(3), true),
    noting(count(4, 3), false),
    noting(count(2, 7), true),
  ];
  const load = joined([first.load, second.load, third.load], [3, 4, 2]);
  expect([...(await load())]).toEqual([...count(9)]);
  expect([...(await load.part!(2, 8))]).toEqual([2, 3, 4, 5, 6, 7]);
  expect([...(await load.part!(4, 5))]).toEqual([4]);
  expect(first.asked).toEqual([
    [0, 3],
    [2, 3],
  ]);
});

describe('transposed, some columns at a time', () => {
  test.each([
    [2, 3],
    [1, 7],
    [5, 1],
    [1200, 8193],
  ])('%d × %d', async (rows, columns) => {
    const values = count(rows * columns);
    const { sizes, all } = await collect(transposedPieces(noting(values, true).load, rows, columns));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(
      Math.max(4 * pieceElements, Math.ceil(columns / 4) * rows),
    );
    expect(all.length).toBe(rows * columns);
    expect(all.every((value, i) => value === (i % rows) * columns + Math.floor(i / rows))).toBe(true);
  });
});
