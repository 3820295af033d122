import { expect, test } from 'vitest';
import { square, wholeTable } from '../table.ts';
import { rowOf } from '../trial.ts';
import { colourOf, powers, spectrogram } from './spectrogram.ts';
import { stack, strip } from './strip.ts';

const sine = (hertz: number, length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / 16_000));

test('a tone is a line at its height', () => {
  // 1000 Hz lies in bin 20 of 50 Hz each; 160 bins, the lowest at the bottom.
  const loud = powers(sine(1000, 3200), 1000);
  expect(loud.indexOf(Math.max(...loud))).toBe(20);
  const picture = spectrogram({ modality: 'audio', rate: 16_000, samples: sine(1000, 3200) });
  expect([picture.width, picture.height]).toEqual([20, 160]);
  const at = (row: number): number[] => [
    ...picture.data.subarray((row * picture.width + 10) * 4).subarray(0, 3),
  ];
  expect(at(159 - 20)[0]).toBeGreaterThan(200);
  expect(at(10)).toEqual(colourOf(0));
});

test('an answer without a sound is still a picture', () => {
  const picture = spectrogram({ modality: 'audio', rate: 16_000, samples: new Float32Array(0) });
  expect([picture.width, picture.height]).toEqual([1, 160]);
});

test('colours run from stop to stop', () => {
  expect(colourOf(0)).toEqual([68, 1, 84]);
  expect(colourOf(0.5)).toEqual([33, 145, 140]);
  expect(colourOf(1)).toEqual([253, 231, 37]);
  expect(colourOf(0.125)).toEqual([64, 42, 112]); // halfway, rounded
});

test('strips and stacks', () => {
  const dot = (value: number) => ({
    modality: 'image' as const,
    width: 1,
    height: 1,
    data: Uint8Array.of(value, value, value, 255),
  });
  const row = strip([dot(10), dot(20)], 2);
  expect([row.width, row.height]).toEqual([2 + 6 + 2, 2]);
  expect([0, 1, 2, 7, 8, 9].map((x) => row.data[x * 4])).toEqual([10, 10, 255, 255, 20, 20]);
  expect(stack([row, row]).height).toBe(2 + 6 + 2);
});

test('the tables say what is missing', () => {
  const cell = {
    from: 'text',
    to: 'image',
    title: 'one',
    measure: 'the picture',
    count: 2,
    attempt: async () => trial,
  };
  const trial = { right: true, ceiling: true, shown: [] };
  const results = [
    rowOf(cell, [trial, { ...trial, right: false }], undefined, 0.25),
    { cell: { ...cell, to: 'audio' }, missing: true as const },
  ];
  expect(wholeTable(results).split('\n')).toEqual([
    '|  | asked for | right means | n | right | 95 % | ceiling | s |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    '| text → picture | one | the picture | 2 | 50 % | 9–91 | 100 % | 0.3 |',
    '| text → sound | one | the picture |  | not in this model |  |  |  |',
  ]);
  expect(square(results).split('\n')[2]).toBe(
    '| text |  | 50 % (9–91, ceiling 100 %): one | not in this model |',
  );
});
