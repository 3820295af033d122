import type { Factory, Port, Tokenizer } from '@any-to-any/core';
import { describe, expect, it } from 'vitest';
import { readFixture, readJson } from './fixtures.test.kit.ts';
import { createTextTokenizer, encodingNames, textPlugin } from './index.ts';

const { pattern } = readJson<{ pattern: string }>('ranks.json');
const coded = (code: string) => expect.objectContaining({ code });

/** Opens the plugin's tokenizer as a pipeline would, over the fixtures. */
async function open(options: Readonly<Record<string, unknown>>): Promise<Tokenizer> {
  const factories = new Map<string, Factory<Tokenizer>>();
  const refuse = (): never => expect.unreachable('a tokenizer is all it registers');
  textPlugin().register({
    tokenizer: (modality, factory) => factories.set(modality, factory),
    encoder: refuse,
    adapter: refuse,
    processor: refuse,
    engine: refuse,
  });
  expect([...factories.keys()]).toEqual(['text']);
  const files: Port['files'] = { read: async (path) => readFixture(path), graph: refuse };
  return factories.get('text')!({ options, files });
}

describe('text plugin', () => {
  it('names its package and contract', () => {
    expect(textPlugin()).toMatchObject({ name: '@any-to-any/tokenizer-text', contract: 1 });
  });

  it.each([
    { kind: 'tiktoken', file: 'small.tiktoken', pattern, buckets: 16, maxDistance: 64 },
    { kind: 'encoding', name: 'r50k_base' },
    { kind: 'tokenizer.json', file: 'llama3.tokenizer.json', maxBytes: 100, size: 700 },
  ])('opens kind $kind from the files of a bundle', async (options) => {
    const tokenizer = await open(options);
    expect(tokenizer.modality).toBe('text');
    expect(tokenizer.layout.buckets).toBe('buckets' in options ? options.buckets : 32);
    if ('size' in options) expect(tokenizer.size).toBe(options.size);
  });

  it.each([
    ['OPTION_INVALID', {}],
    ['OPTION_INVALID', { kind: 'wordpiece' }],
    ['OPTION_INVALID', { kind: 'tiktoken', file: 'small.tiktoken' }],
    ['OPTION_INVALID', { kind: 'tiktoken', pattern }],
    ['OPTION_INVALID', { kind: 'tiktoken', file: 'small.tiktoken', pattern: '(' }],
    ['OPTION_INVALID', { kind: 'encoding', name: 'cl100k' }],
    ['OPTION_INVALID', { kind: 'encoding', name: 'gpt2', maxBytes: 0 }],
    ['OPTION_INVALID', { kind: 'encoding', name: 'gpt2', size: 50_256 }],
    ['OPTION_INVALID', { kind: 'encoding', name: 'gpt2', buckets: 32, maxDistance: 16 }],
    ['OPTION_INVALID', { kind: 'encoding', name: 'gpt2', buckets: '32' }],
    ['OPTION_UNKNOWN', { kind: 'encoding', name: 'gpt2', file: 'small.tiktoken' }],
    ['OPTION_UNKNOWN', { kind: 'tiktoken', file: 'small.tiktoken', pattern, ranks: new Uint8Array() }],
    ['OPTION_UNKNOWN', { kind: 'tokenizer.json', file: 'llama3.tokenizer.json', lowercase: true }],
    ['FORMAT_UNKNOWN', { kind: 'tokenizer.json', file: 'small.tiktoken' }],
    ['FORMAT_UNKNOWN', { kind: 'tiktoken', file: 'texts.json', pattern }],
  ])('refuses with %s %j', async (code, options) => {
    await expect(open(options)).rejects.toThrow(coded(code));
  });

  it('takes bytes, not a file name, without a bundle', async () => {
    const options = { kind: 'tokenizer.json', file: 'llama3.tokenizer.json' } as never;
    await expect(createTextTokenizer(options)).rejects.toThrow(coded('OPTION_UNKNOWN'));
    const empty = { kind: 'tokenizer.json' } as never;
    await expect(createTextTokenizer(empty)).rejects.toThrow(coded('OPTION_INVALID'));
  });

  it('exports what its index names', async () => {
    expect(Object.keys(await import('./index.ts')).sort()).toEqual([
      'chatTemplate',
      'createTextTokenizer',
      'encodingNames',
      'textPlugin',
    ]);
    expect(encodingNames).toContain('cl100k_base');
  });
});
