import { describe, expect, it } from 'vitest';
import type { SoundContent, TextContent } from '../contract/content.ts';
import type { Encoder } from '../contract/encoder.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';
import { encoderSuite } from './encoder-suite.ts';
import { engineSuite } from './engine-suite.ts';
import { fakeSoundEncoder, fakeSoundTokenizer } from './fake-sound.ts';
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

  const hum = (...samples: number[]): SoundContent => ({
    modality: 'audio',
    rate: 100,
    samples: Float32Array.from(samples),
  });
  const sounds = {
    samples: [hum(0.5, 0.5, 0.5, 0.5, -1, -1, -1, -1)],
    invalid: [
      hum(),
      hum(0, 0, 0),
      hum(Number.NaN, 0, 0, 0),
      { ...hum(0, 0, 0, 0), rate: 8000 },
      { modality: 'audio' },
    ],
  };
  const { same } = subject(fake);
  for (const { name, run } of tokenizerSuite({
    ...sounds,
    same,
    create: async () => fakeSoundTokenizer() as unknown as Tokenizer,
  }))
    it(`sound ${name}`, run);
  for (const { name, run } of encoderSuite({
    ...sounds,
    create: async () => fakeSoundEncoder(3) as unknown as Encoder,
  }))
    it(`sound ${name}`, run);

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
