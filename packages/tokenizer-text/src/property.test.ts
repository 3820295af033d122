/**
 * What must hold for any text and any ids: round trip, and decoding that does not depend on how ids arrive.
 */
import { Tiktoken } from 'tiktoken/lite';
import { describe, expect, it } from 'vitest';
import {
  deltasOf,
  idsOf,
  randomFrom,
  randomText,
  readFixture,
  readJson,
  textOf,
} from './fixtures.test.kit.ts';
import type { TextOptions } from './options.ts';
import { readRanks } from './tiktoken/rank-file.ts';
import { createTextTokenizer } from './tokenizer.ts';

const { pattern } = readJson<{ pattern: string }>('ranks.json');
const ranks = readFixture('small.tiktoken');
const kinds: [string, TextOptions][] = [
  ['ranks of a file', { kind: 'tiktoken', ranks, pattern }],
  ['r50k_base', { kind: 'encoding', name: 'r50k_base' }],
  ...['byte-level', 'llama3', 'sentencepiece'].map((name): [string, TextOptions] => [
    `${name} tokenizer.json`,
    { kind: 'tokenizer.json', json: readFixture(`${name}.tokenizer.json`) },
  ]),
];

describe.each(kinds)('%s', (_, options) => {
  it('gives back every random text, in whole characters, with ids in range', async () => {
    const tokenizer = await createTextTokenizer(options);
    const random = randomFrom(7);
    for (let round = 0; round < 100; round++) {
      const text = randomText(random, 40);
      const ids = await idsOf(tokenizer, text);
      for (const id of ids) expect(id).toBeLessThan(tokenizer.size);
      const deltas = await deltasOf(tokenizer, ids);
      expect(deltas.join('')).toBe(text);
      for (const delta of deltas) expect(delta).not.toMatch(/^$|\p{Surrogate}/u);
    }
  });

  it('writes for every prefix of the ids a prefix of the text, at most one character short', async () => {
    const tokenizer = await createTextTokenizer(options);
    const random = randomFrom(8);
    for (let round = 0; round < 20; round++) {
      const text = randomText(random, 20).replaceAll('\ufffd', '');
      const ids = await idsOf(tokenizer, text);
      for (let length = 0; length <= ids.length; length++) {
        const start = await textOf(tokenizer, ids.slice(0, length));
        // The flush at the end turns a character that has only begun into U+FFFD.
        expect(text.startsWith(start.replace(/\ufffd+$/u, ''))).toBe(true);
      }
    }
  });
});

describe('any ids', () => {
  it('decode one by one to what the library decodes at once, prefix by prefix', async () => {
    const tokenizer = await createTextTokenizer({ kind: 'tiktoken', ranks, pattern });
    const library = new Tiktoken(`! 0 ${readRanks(ranks).join(' ')}`, {}, pattern);
    const random = randomFrom(9);
    for (let round = 0; round < 60; round++) {
      // Mostly single bytes from 0x80 on, hence hardly ever UTF-8.
      const ids = Array.from({ length: 24 }, () =>
        Math.floor(random() * (random() < 0.7 ? 256 : tokenizer.size)),
      );
      for (let length = 0; length <= ids.length; length++) {
        const bytes = library.decode(Uint32Array.from(ids.slice(0, length)));
        const whole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
        expect(await textOf(tokenizer, ids.slice(0, length))).toBe(whole);
      }
    }
    library.free();
  });
});
