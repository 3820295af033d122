import { describe, expect, it } from 'vitest';
import { nameOf, namePaths, numbered } from './result.ts';

describe('names of files', () => {
  it.each([
    ['A red apple, please!', 'a-red-apple-please'],
    ['파란 배경의 빨간 사과', '파란-배경의-빨간-사과'],
    ['../../etc/passwd', 'etc-passwd'],
    ['🍎', 'out'],
    ['', 'out'],
    ['x'.repeat(100), 'x'.repeat(48)],
    [`${'x'.repeat(47)} yes`, 'x'.repeat(47)],
  ])('%s → %s', (text, name) => expect(nameOf(text)).toBe(name));

  it('counts before the extension', () => {
    expect([1, 2].map((count) => numbered('a.b/cat.png', count))).toEqual(['a.b/cat.png', 'a.b/cat-2.png']);
  });

  it('a given path holds what its extension says; the rest stands beside the first, or is named after the words', () => {
    const given = namePaths(['a.b/Cat.PNG'], 'a red cat');
    expect([given('image'), given('smell')]).toEqual(['a.b/Cat.PNG', 'a.b/Cat']);
    expect(namePaths([], 'a red cat')('image')).toBe('a-red-cat.png');
    const only = namePaths(['cat.png'], undefined);
    expect([only('image'), only('smell')]).toEqual(['cat.png', undefined]);
  });
});
