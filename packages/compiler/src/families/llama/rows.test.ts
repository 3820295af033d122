import { expect, test } from 'vitest';
import { pickRows } from './rows.ts';

const width = 3;
/** Row 5 is 50, 51, 52. */
const table = Float32Array.from({ length: 20 * width }, (_, i) => 10 * Math.floor(i / width) + (i % width));
const asked: [number, number][] = [];
const load = Object.assign(() => table, {
  part: async (from: number, to: number) => {
    asked.push([from / width, to / width]);
    return table.slice(from, to);
  },
});
const firsts = (values: Float32Array): number[] => [...values.filter((_, i) => i % width === 0)];

test('rows of a table of ids, then more; those side by side are read together', async () => {
  const rows = pickRows(load, width, { table: [4, 5, 6, 2, 9] }, [10, undefined, 1]);
  asked.length = 0;
  expect(firsts(await rows())).toEqual([40, 50, 60, 20, 90, 100, 0, 10]);
  expect(asked).toEqual([
    [4, 7],
    [2, 3],
    [9, 11],
    [1, 2],
  ]);
});

test('a range, and a part that begins and ends inside rows', async () => {
  const rows = pickRows(load, width, { offset: 7, size: 4 }, [0]);
  expect(firsts(await rows())).toEqual([70, 80, 90, 100, 0]);
  expect([...(await rows.part!(2, 10))]).toEqual([72, 80, 81, 82, 90, 91, 92, 100]);
  expect([...(await rows.part!(11, 14))]).toEqual([102, 0, 1]);
});

test('of a tensor that is only there as a whole', async () => {
  const rows = pickRows(() => table, width, { table: [3, 1] });
  expect(firsts(await rows())).toEqual([30, 10]);
});
