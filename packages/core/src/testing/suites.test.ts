import { describe, expect, it } from 'vitest';
import type { TextContent } from '../contract/content.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';
import { engineSuite } from './engine-suite.ts';
import { fakeEngine, fakeTokenizer } from './fakes.ts';
import { tokenizerSuite } from './tokenizer-suite.ts';

const text = (value: string): TextContent => ({ modality: 'text', text: value });
const subject = (tokenizer: () => Tokenizer) => ({
  create: async () => tokenizer(),
  samples: [text('hello world'), text('')],
  invalid: [text('ÄÖ'), { modality: 'text' }],
  same: (a: object, b: object) => JSON.stringify(a) === JSON.stringify(b),
});
// The fake is a Tokenizer of TextContent; the suite takes any content.
const fake = (): Tokenizer => fakeTokenizer() as unknown as Tokenizer;

describe('the fakes pass the published suites', () => {
  for (const { name, run } of tokenizerSuite(subject(fake))) it(name, run);
  const engine = {
    create: async () => fakeEngine({ heads: { text: 28 }, context: 64 }),
    port: 'text',
    ids: [1, 2, 3, 4, 5, 6, 7, 8],
    tolerance: 0,
  };
  for (const { name, run } of engineSuite(engine)) it(name, run);
});

describe('the suites catch what is wrong', () => {
  const broken: [string, Partial<Tokenizer>][] = [
    ['tokenizer: brings content back', { join: () => text('other') }],
    ['tokenizer: encodes to ids of its own range, as many as the shape says', { size: 3 }],
    [
      'tokenizer: refuses broken content and stays usable',
      { encode: async () => ({ ids: new Uint32Array(1), shape: { kind: 'line' } }) },
    ],
    ['tokenizer: has a modality, a size and a layout', { modality: 'Text!' }],
  ];
  for (const [name, change] of broken) {
    it(`in "${name}"`, async () => {
      const found = tokenizerSuite(subject(() => ({ ...fake(), ...change }))).find(
        (one) => one.name === name,
      )!;
      await expect(found.run()).rejects.toThrow();
    });
  }
});
