import { describe, expect, it } from 'vitest';
import { cut } from './cut.ts';
import { randomFrom, randomText } from './fixtures.test.kit.ts';

const pieces = (text: string, longest: number): string[] => [...cut(text, longest)];

describe('cut', () => {
  it('leaves text up to the limit whole and makes nothing of nothing', () => {
    expect(pieces('ab cd', 5)).toEqual(['ab cd']);
    expect(pieces('', 5)).toEqual([]);
  });

  it('prefers the space before a word, as patterns do', () => {
    expect(pieces('ab cd,ef', 6)).toEqual(['ab', ' cd,ef']);
  });

  it('never cuts inside a run of spaces if a word ends before', () => {
    expect(pieces('ab    cd', 5)).toEqual(['ab', '    c', 'd']);
  });

  it('cuts before punctuation where there are no spaces, never before a mark or an apostrophe', () => {
    expect(pieces('你好，世界', 4)).toEqual(['你好', '，世界']);
    expect(pieces('。你。e\u0301好', 4)).toEqual(['。你', '。e\u0301好']);
    expect(pieces("你。好's吧", 4)).toEqual(['你', "。好's", '吧']);
  });

  it('cuts between letters and numbers before it cuts inside a word', () => {
    expect(pieces('abc12345', 5)).toEqual(['abc', '12345']);
    expect(pieces('aaaaaaa', 3)).toEqual(['aaa', 'aaa', 'a']);
  });

  it('never cuts inside a surrogate pair', () => {
    expect(pieces('😀😀😀', 3)).toEqual(['😀', '😀', '😀']);
    expect(pieces('a😀 b', 3)).toEqual(['a😀', ' b']);
  });

  it('gives pieces within the limit that join to the text', () => {
    const random = randomFrom(1);
    for (let round = 0; round < 300; round++) {
      const text = randomText(random, 60);
      const all = pieces(text, 7);
      expect(all.join('')).toBe(text);
      for (const piece of all) expect(piece.length).toBeLessThanOrEqual(7);
      for (const piece of all) expect(piece).not.toMatch(/\p{Surrogate}/u);
    }
  });
});
