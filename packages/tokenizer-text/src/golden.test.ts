/**
 * Ids and texts against the Rust originals (PyPI tiktoken and tokenizers); `fixtures/make.py` wrote the values.
 */
import { describe, expect, it } from 'vitest';
import { type Golden, idsOf, readFixture, readJson, textOf, texts, wellFormed } from './fixtures.test.kit.ts';
import type { TextOptions } from './options.ts';
import { encodingNames } from './tiktoken/engine.ts';
import { createTextTokenizer } from './tokenizer.ts';

const encodings = readJson<Record<string, Golden & { size: number }>>('encodings.json');
const ranks = readJson<Golden & { size: number; pattern: string }>('ranks.json');
type Variant = Golden & { name: string; base: string; patch: Record<string, unknown> };
const variants = readJson<Variant[]>('tokenizer-json.json');

/** Compares every text, so that one difference names its text. Gives the size of the tokenizer. */
async function compare(options: TextOptions, golden: Golden): Promise<number> {
  const tokenizer = await createTextTokenizer(options);
  for (const [index, [name, text]] of texts.entries()) {
    const expected = golden.ids[index]!;
    expect(await idsOf(tokenizer, text), `ids of "${name}"`).toEqual(expected);
    expect(await textOf(tokenizer, expected), `text of "${name}"`).toBe(
      golden.decoded[name] ?? wellFormed(text),
    );
  }
  return tokenizer.size;
}

describe('golden values', () => {
  it.each(encodingNames)('%s equals PyPI tiktoken', async (name) => {
    expect(await compare({ kind: 'encoding', name }, encodings[name]!)).toBe(encodings[name]!.size);
  });

  it('ranks of a file equal PyPI tiktoken', async () => {
    const options = {
      kind: 'tiktoken',
      ranks: readFixture('small.tiktoken'),
      pattern: ranks.pattern,
    } as const;
    expect(await compare(options, ranks)).toBe(ranks.size);
  });

  it.each(variants)('tokenizer.json as in $name equals PyPI tokenizers', async (variant) => {
    const base = readJson<Record<string, unknown>>(`${variant.base}.tokenizer.json`);
    const json = new TextEncoder().encode(JSON.stringify({ ...base, ...variant.patch }));
    await compare({ kind: 'tokenizer.json', json }, variant);
  });
});
