import { AnyToAnyError } from '@any-to-any/core';
import { tokenizerSuite } from '@any-to-any/core/testing';
import { describe, expect, test } from 'vitest';
import { melody, melodyTokenizer, readAlphabet } from './own-tokenizer.ts';

const alphabet = ['C4/1', 'D4/1', 'E4/2', 'F#4/2', '-/1'];

const suite = tokenizerSuite({
  create: async () => melodyTokenizer(alphabet),
  samples: [melody(['C4/1', 'E4/2', 'E4/2', '-/1']), melody(['F#4/2'])],
  invalid: [melody(['H4/1']), { modality: 'melody' }],
  same: (original, decoded) => JSON.stringify(original) === JSON.stringify(decoded),
});

describe('the melody tokenizer', () => {
  for (const { name, run } of suite) test(name, run);

  test('counts ids from 0 in the order of the alphabet', async () => {
    const { ids } = await melodyTokenizer(alphabet).encode(melody(['-/1', 'C4/1']));
    expect([...ids]).toEqual([4, 0]);
  });

  test('reads an alphabet, and refuses one that is none', () => {
    expect(readAlphabet(new TextEncoder().encode('C4/1\n-/2\n'))).toEqual(['C4/1', '-/2']);
    for (const wrong of ['', 'C4/1\nC4/1', 'do\nre']) {
      const read = (): unknown => readAlphabet(new TextEncoder().encode(wrong));
      expect(read).toThrow(AnyToAnyError);
      expect(read).toThrow(/BUNDLE_INVALID/);
    }
  });
});
