import { beforeAll, describe, expect, it } from 'vitest';
import { deltasOf, idsOf, readFixture, readJson, textOf } from './fixtures.test.kit.ts';
import { createTextTokenizer, type TextTokenizer } from './tokenizer.ts';

const { pattern } = readJson<{ pattern: string }>('ranks.json');
const ranks = readFixture('small.tiktoken');
const line = { kind: 'line' } as const;
const coded = (code: string) => expect.objectContaining({ code });

/** The 256 bytes, then `th`, `he`, `the` as 256, 257, 258. */
function handRanks(): Uint8Array {
  const tokens = [...Array.from({ length: 256 }, (_, byte) => Buffer.of(byte)), 'th', 'he', 'the'];
  return Buffer.from(
    tokens.map((token, rank) => `${Buffer.from(token).toString('base64')} ${rank}`).join('\n'),
  );
}

describe('text tokenizer', () => {
  let small: TextTokenizer;
  let standard: TextTokenizer;
  beforeAll(async () => {
    small = await createTextTokenizer({ kind: 'tiktoken', ranks, pattern });
    standard = await createTextTokenizer({ kind: 'encoding', name: 'cl100k_base' });
  });

  it('merges by rank, as worked by hand', async () => {
    const hand = await createTextTokenizer({ kind: 'tiktoken', ranks: handRanks(), pattern: ' ?\\S+|\\s+' });
    expect(hand.size).toBe(259);
    expect(await idsOf(hand, 'the')).toEqual([258]);
    expect(await idsOf(hand, 'he')).toEqual([257]);
    // `th` has the lower rank and goes first, so the middle h is taken: th·he, not t·h·he.
    expect(await idsOf(hand, 'thhe')).toEqual([256, 257]);
    expect(await idsOf(hand, 'a then')).toEqual([97, 32, 258, 110]);
    // The pattern parts words, so t and he do not meet.
    expect(await idsOf(hand, 't he')).toEqual([116, 32, 257]);
  });

  it('is a line of 32 buckets up to distance 128 unless told otherwise', async () => {
    expect(small.layout).toMatchObject({ kind: 'line', buckets: 32 });
    expect(small.layout.bucket(500, 0, line)).toBe(31);
    expect(small.shape()).toEqual(line);
    expect(() => small.shape({ kind: 'grid', rows: 1, columns: 1 })).toThrow(coded('OPTION_INVALID'));
    const other = await createTextTokenizer({
      kind: 'tiktoken',
      ranks,
      pattern,
      buckets: 8,
      maxDistance: 16,
    });
    expect(other.layout.bucket(500, 0, line)).toBe(7);
  });

  it.each(['<|endoftext|>', '<img>', '</txt>', 'a<|fim_prefix|>b<|endofprompt|>'])(
    'takes %s in a text for ordinary characters',
    async (text) => {
      const ids = await idsOf(standard, text);
      expect(ids.length).toBeGreaterThan(1);
      expect(Math.max(...ids)).toBeLessThan(100_256);
      expect(await textOf(standard, ids)).toBe(text);
    },
  );

  it('writes special ids out, and nothing for ids without a token', async () => {
    expect(standard.size).toBe(100_277);
    expect(await textOf(standard, [100_257, 100_256, 15_339])).toBe('<|endoftext|>hello');
    const padded = await createTextTokenizer({ kind: 'tiktoken', ranks, pattern, size: 1000 });
    expect(padded.size).toBe(1000);
    expect(await textOf(padded, [999, 97])).toBe(await textOf(small, [97]));
  });

  it('replaces unpaired surrogates by U+FFFD, as TextEncoder does', async () => {
    expect(await textOf(small, await idsOf(small, 'a\ud800b\udc00'))).toBe('a\ufffdb\ufffd');
    expect(await idsOf(small, '\ud83d')).toEqual(await idsOf(small, '\ufffd'));
  });

  it('holds back half a character and flushes what never became one', async () => {
    const ids = await idsOf(small, '🫠');
    expect(ids.length).toBeGreaterThan(1);
    expect(await deltasOf(small, ids)).toEqual(['🫠']);
    const cutOff = await deltasOf(small, ids.slice(0, -1));
    expect(cutOff).toEqual(['\ufffd']);
    expect(await deltasOf(small, [...ids.slice(0, -1), ...(await idsOf(small, 'a'))])).toEqual(['\ufffda']);
  });

  it('keeps U+FEFF wherever it stands', async () => {
    for (const text of ['\ufeffa', 'a\ufeff', '\ufeff\ufeff']) {
      expect(await textOf(small, await idsOf(small, text))).toBe(text);
    }
  });

  it.each([-1, 1.5, Number.NaN, 420_000])('refuses id %d and stays usable', async (id) => {
    await expect(textOf(small, [97, id])).rejects.toThrow(coded('ID_OUT_OF_RANGE'));
    expect(await textOf(small, await idsOf(small, 'again'))).toBe('again');
  });

  it.each([
    ['no content', undefined],
    ['null', null],
    ['no text', { modality: 'text' }],
    ['a number', { modality: 'text', text: 3 }],
    ['an image', { modality: 'image', text: 'a' }],
  ])('refuses %s and stays usable', async (_, content) => {
    await expect(small.encode(content as never)).rejects.toThrow(coded('CONTENT_INVALID'));
    expect(await idsOf(small, '')).toEqual([]);
  });

  it('refuses text over its limit, counted in bytes, and stays usable', async () => {
    const limited = await createTextTokenizer({ kind: 'tiktoken', ranks, pattern, maxBytes: 9 });
    expect(await textOf(limited, await idsOf(limited, '가나다'))).toBe('가나다');
    await expect(idsOf(limited, '가나다.')).rejects.toThrow(coded('CONTENT_TOO_LARGE'));
    await expect(idsOf(small, 'a'.repeat(2 ** 20 + 1))).rejects.toThrow(coded('CONTENT_TOO_LARGE'));
    expect(await idsOf(limited, '')).toEqual([]);
  });

  it('encodes a million spaces, at which the library alone fails', async () => {
    const text = ' '.repeat(1_000_000);
    expect(await textOf(standard, await idsOf(standard, text))).toBe(text);
  });

  it.each(['a', ' ', '가', '👍'])('encodes 60,000 bytes of %j', async (character) => {
    const text = character.repeat(60_000 / Buffer.byteLength(character));
    expect(await textOf(small, await idsOf(small, text))).toBe(text);
  });

  it('stops when told to, in both directions', async () => {
    const signal = AbortSignal.abort('enough');
    await expect(small.encode({ modality: 'text', text: 'a' }, { signal })).rejects.toThrow(coded('ABORTED'));
    const controller = new AbortController();
    const encoding = small.encode(
      { modality: 'text', text: 'word '.repeat(50_000) },
      { signal: controller.signal },
    );
    setImmediate(() => controller.abort());
    await expect(encoding).rejects.toThrow(coded('ABORTED'));
    const later = new AbortController();
    const ids = (async function* () {
      yield 97;
      later.abort();
      yield 98;
    })();
    const deltas = small.decode(ids, { shape: line, signal: later.signal })[Symbol.asyncIterator]();
    expect((await deltas.next()).done).toBe(false);
    await expect(deltas.next()).rejects.toThrow(coded('ABORTED'));
  });

  it('lets others work while it encodes', async () => {
    let turns = 0;
    let done = false;
    const count = (): void => {
      turns++;
      if (!done) setImmediate(count);
    };
    setImmediate(count);
    await idsOf(small, 'word '.repeat(20_000));
    done = true;
    expect(turns).toBeGreaterThan(20);
  });
});
