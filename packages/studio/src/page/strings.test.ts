import { describe, expect, it } from 'vitest';
import { chooseLanguage, examples, fill, phrases } from './strings.ts';

const gaps = (phrase: string): string[] => [...phrase.matchAll(/\{\w+\}/g)].map(([gap]) => gap).sort();

describe('what the page says', () => {
  it('has the same phrases with the same gaps in every language', () => {
    const { en, ko } = phrases;
    expect(Object.keys(ko).sort()).toEqual(Object.keys(en).sort());
    for (const [name, phrase] of Object.entries(en)) {
      expect([name, gaps(ko[name as keyof typeof ko])]).toEqual([name, gaps(phrase)]);
    }
    expect(examples.ko.length).toBe(examples.en.length);
  });

  it('is Korean in Korean', () => {
    const latin = Object.entries(phrases.ko).filter(([, phrase]) => !/[가-힣]|^\{/.test(phrase));
    expect(latin).toEqual([]);
  });

  it('fills gaps, by hand', () => {
    expect(fill('{a} of {b}, {a}', { a: 1, b: 'x' })).toBe('1 of x, 1');
    expect(fill('{a}', {})).toBe('{a}');
  });

  it('is in the first language of the reader that it knows', () => {
    expect(chooseLanguage(['fr', 'ko-KR', 'en'])).toBe('ko');
    expect(chooseLanguage(['en-GB', 'ko'])).toBe('en');
    expect(chooseLanguage(['fr'])).toBe('en');
    expect(chooseLanguage([])).toBe('en');
  });
});
