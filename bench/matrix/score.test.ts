import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadItems } from './items.ts';
import { logLikelihood, spell } from './speech/ctc.ts';
import { readHypotheses } from './speech/outside.ts';
import { nearestSound, timbre } from './speech/timbre.ts';
import { dictionaryForm, wordErrors } from './speech/words.ts';
import { rate, rowOf, share } from './trial.ts';
import { wilson } from './wilson.ts';

test('Wilson intervals, by hand', () => {
  const rounded = (hits: number, n: number) => wilson(hits, n).map((end) => Number(end.toFixed(3)));
  expect(rounded(50, 100)).toEqual([0.404, 0.596]);
  // 0 of 10: the middle and the half width are both f/2 / (1+f), f = 1.96² / 10.
  expect(rounded(0, 10)).toEqual([0, 0.278]);
  expect(rounded(10, 10)).toEqual([0.722, 1]);
  expect(wilson(0, 0)).toEqual([0, 1]);
});

test('word errors, by hand', () => {
  // "small" put in, "blue" for "red".
  expect(wordErrors('a small fox on blue', 'a fox on red')).toEqual({ errors: 2, words: 4 });
  expect(wordErrors('', 'two frogs')).toEqual({ errors: 2, words: 2 });
  expect(wordErrors(' two  frogs', 'two frogs')).toEqual({ errors: 0, words: 2 });
  expect(rate([{ errors: 1, words: 2 }, undefined, { errors: 2, words: 4 }])).toBe(0.5);
  expect(rate([undefined])).toBeUndefined();
});

test('spelling, frame by frame', () => {
  const [a, b, blank] = [0, 1, 2];
  const frames = [a, a, blank, a, b, b, blank];
  const data = Float32Array.from(frames.flatMap((one) => [0, 1, 2].map((i) => (i === one ? 1 : 0))));
  expect(spell({ data, frames: frames.length, classes: 3 })).toEqual([a, a, b]);
});

test('the likelihood of a spelling is the share of the ways to lie in time', () => {
  const even = (frames: number) => ({ data: new Float32Array(frames * 3), frames, classes: 3 });
  // Of nine pairs: aa, a–, –a.
  expect(logLikelihood(even(2), [0])).toBeCloseTo(Math.log(3 / 9), 6);
  // Of 27: a–a alone; b would do without the blank: aab, abb, ab–, a–b, –ab.
  expect(logLikelihood(even(3), [0, 0])).toBeCloseTo(Math.log(1 / 27), 6);
  expect(logLikelihood(even(3), [0, 1])).toBeCloseTo(Math.log(5 / 27), 6);
  expect(logLikelihood(even(2), [0, 0])).toBe(Number.NEGATIVE_INFINITY);
  expect(logLikelihood(even(2), [])).toBeCloseTo(Math.log(1 / 9), 6);
});

test('what the outside recogniser says, and how it spells', () => {
  expect(readHypotheses('two frogs (1 -1234)\n (0 -5)\n', 3)).toEqual(['', 'two frogs', '']);
  expect(dictionaryForm('a T-shirt above a UFO, on red')).toBe('a tee shirt above a u. f. o. on red');
});

test('a row counts what was answered', () => {
  const cell = {
    from: 'text',
    to: 'image',
    title: '',
    measure: '',
    count: 3,
    attempt: async () => trials[0]!,
  };
  const trials = [
    { right: true, ceiling: true, shown: [] },
    { right: false, ceiling: true, shown: [] },
    { right: true, ceiling: false, twoSteps: false, shown: [] },
  ];
  const row = rowOf(cell, trials, [trials[1]!, trials[2]!], 1);
  expect(row.score).toEqual({ hits: 2, n: 3 });
  expect(row.ceiling).toEqual({ hits: 2, n: 3 });
  expect(row.twoSteps).toEqual({ hits: 0, n: 1 });
  expect(row.named).toBeUndefined();
  expect(row.own).toEqual({ hits: 1, n: 2 });
  expect(row.ownCeiling).toEqual({ hits: 1, n: 2 });
  expect(share([])).toBeUndefined();
});

test('sounds are measured as Python measures them, and the true ones are told apart', async () => {
  const folder = join(import.meta.dirname, 'items');
  // Written together with this reader.
  const golden = JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as { timbre: number[] };
  const items = await loadItems(folder);
  const heard = timbre(items.sounds.at(-1)!.clip.samples);
  expect(heard.length).toBe(golden.timbre.length);
  for (const [i, value] of heard.entries()) expect(value).toBeCloseTo(golden.timbre[i]!, 3);
  const right = items.sounds.filter(({ clip, words }) => nearestSound(clip, items) === words.en);
  expect(right.length).toBeGreaterThanOrEqual(items.sounds.length - 1);
});
