import { describe, expect, it } from 'vitest';
import { nameOf, numbered } from './result.ts';

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
});
