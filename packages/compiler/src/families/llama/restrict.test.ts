import { expect, test } from 'vitest';
import { restrictTokenizer } from './restrict.ts';

const json = {
  model: {
    type: 'BPE',
    vocab: { a: 0, b: 1, c: 2, ab: 3, abc: 4, '<img>': 5 },
    merges: ['a b', ['ab', 'c']],
  },
  added_tokens: [
    { id: 5, content: '<img>', special: true },
    { id: 6, content: '<s>', special: true },
  ],
};

test('a region of everything leaves the file as it is', () => {
  expect(restrictTokenizer(json, { offset: 0, size: 7 })).toBe(json);
});

test('what is left out takes along its merges, the rest is renumbered', () => {
  expect(restrictTokenizer(json, { table: [6, 3, 1, 0, 2] })).toEqual({
    model: { type: 'BPE', vocab: { ab: 1, b: 2, a: 3, c: 4 }, merges: ['a b'] },
    added_tokens: [{ id: 0, content: '<s>', special: true }],
  });
});
