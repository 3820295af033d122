import { describe, expect, it } from 'vitest';
import { idsOf, readFixture, readJson, textOf } from '../fixtures.test.kit.ts';
import { createTextTokenizer, type TextTokenizer } from '../tokenizer.ts';

interface File {
  readonly model: Readonly<Record<string, unknown>> & { readonly vocab: Readonly<Record<string, number>> };
  readonly added_tokens: readonly { readonly id: number; readonly content: string }[];
}

const base = readJson<File>('byte-level.tokenizer.json');
const sentencepiece = readJson<File>('sentencepiece.tokenizer.json');

function open(file: object): Promise<TextTokenizer> {
  return createTextTokenizer({
    kind: 'tokenizer.json',
    json: new TextEncoder().encode(JSON.stringify(file)),
  });
}

describe('tokenizer.json', () => {
  it.each(['byte-level', 'llama3', 'sentencepiece'])(
    'never makes an added token of %s out of text',
    async (name) => {
      const file = readJson<File>(`${name}.tokenizer.json`);
      const tokenizer = await open(file);
      const added = new Set(file.added_tokens.map((token) => token.id));
      expect(added.size).toBeGreaterThan(2);
      for (const { content, id } of file.added_tokens) {
        for (const text of [content, `a ${content}b`, content.repeat(3)]) {
          const ids = await idsOf(tokenizer, text);
          expect(ids.filter((each) => added.has(each))).toEqual([]);
          expect(await textOf(tokenizer, ids)).toBe(text);
        }
        expect(await textOf(tokenizer, [id])).toBe(content);
      }
    },
  );

  it('does not even if whole words are looked up, or merges lead there', async () => {
    const { vocab } = base.model;
    const size = Object.keys(vocab).length + 10;
    const more = {
      vocab: { ...vocab, '<s': size, '<s>': size + 1 },
      merges: [
        ['<', 's'],
        ['<s', '>'],
      ],
    };
    const added_tokens = [...base.added_tokens, { id: size + 1, content: '<s>', special: true }];
    const pre_tokenizer = { type: 'ByteLevel', add_prefix_space: false, use_regex: false };
    for (const ignore_merges of [true, false]) {
      const model = { ...base.model, ...more, ignore_merges };
      const ordinary = await open({ ...base, model, pre_tokenizer });
      expect(await idsOf(ordinary, '<s>')).toEqual([size + 1]);
      const special = await open({ ...base, model, pre_tokenizer, added_tokens });
      expect(await idsOf(special, '<s>')).toEqual([size, vocab['>']]);
    }
  });

  it('does not split at spaces where a merge reaches over one', async () => {
    const { vocab, merges } = sentencepiece.model;
    const id = Object.keys(vocab).length;
    // The fixture is known to have a list here.
    const first = [['a', '▁'], ...(merges as string[][])];
    const model = { ...sentencepiece.model, vocab: { ...vocab, 'a▁': id }, merges: first };
    expect(await idsOf(await open({ ...sentencepiece, model }), 'a b')).toEqual([vocab['▁'], id, vocab['b']]);
  });

  it('parts numbers of every script where Digits does, though a merge reaches over one', async () => {
    const pretokenizers = [{ type: 'Digits', individual_digits: true }, { type: 'ByteLevel' }];
    const { vocab } = base.model;
    // "½" is the bytes C2 BD, written Â½, and no digit to JavaScript.
    const model = { ...base.model, vocab: { ...vocab, ĠÂ: 900 }, merges: [['Ġ', 'Â']] };
    const parted = await open({ ...base, model, pre_tokenizer: { type: 'Sequence', pretokenizers } });
    expect(await idsOf(parted, ' ½')).toEqual([vocab['Ġ'], vocab['Â'], vocab['½']]);
    expect(await idsOf(await open({ ...base, model }), ' ½')).toEqual([900, vocab['½']]);
  });

  it('parts every space where Metaspace does, though a merge joins them', async () => {
    const { vocab } = sentencepiece.model;
    const model = { ...sentencepiece.model, vocab: { ...vocab, '▁▁': 900 }, merges: [['▁', '▁']] };
    for (const split of [true, false]) {
      const pre_tokenizer = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split };
      const tokenizer = await open({ ...sentencepiece, model, normalizer: null, pre_tokenizer });
      const spaces = split ? [vocab['▁'], vocab['▁']] : [900];
      expect(await idsOf(tokenizer, 'a  b')).toEqual([vocab['▁'], vocab['a'], ...spaces, vocab['b']]);
    }
  });

  it('puts a space before long text once', async () => {
    const text = '你好，世界。'.repeat(1000);
    const tokenizer = await open({ ...base, pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true } });
    expect(await textOf(tokenizer, await idsOf(tokenizer, text))).toBe(` ${text}`);
    const prepending = await open(sentencepiece);
    expect(await textOf(prepending, await idsOf(prepending, text))).toBe(text);
  });

  it('takes a vocabulary that lacks bytes its makers never saw, and refuses text that needs them', async () => {
    const tokenizer = await open({ ...base, model: { ...without(base, 'ÿ'), merges: [] } }); // the byte 255
    expect(await textOf(tokenizer, await idsOf(tokenizer, 'ÿ'))).toBe('ÿ'); // the bytes 195 and 191
    const lacking = await open({ ...base, model: { ...without(base, '¿'), merges: [] } }); // the byte 191
    await expect(idsOf(lacking, 'a ÿ')).rejects.toThrow(/CONTENT_INVALID.*no token for the byte 191/);
    expect(await textOf(lacking, await idsOf(lacking, 'a b'))).toBe('a b');
  });

  it('replaces unpaired surrogates before anything else sees the text', async () => {
    const normalizer = { type: 'Replace', pattern: { String: '\ufffd' }, content: '$&' };
    const tokenizer = await open({ ...base, normalizer });
    expect(await textOf(tokenizer, await idsOf(tokenizer, 'a\ud800b'))).toBe('a$&b');
  });

  it('has as many ids as its largest one says, and writes nothing for those between', async () => {
    const tokenizer = await open(base);
    const last = Math.max(...base.added_tokens.map((token) => token.id));
    expect(tokenizer.size).toBe(last + 1);
    expect(await textOf(tokenizer, [last - 1])).toBe('');
    expect(await textOf(tokenizer, [last])).toBe('<tool_call>');
  });

  it.each<[string, object, object?]>([
    ['model "WordPiece"', { model: { ...base.model, type: 'WordPiece' } }],
    ['model "Unigram"', { model: { type: 'Unigram', vocab: [['a', -1]] } }],
    ['model.dropout 0.1', { model: { ...base.model, dropout: 0.1 } }],
    ['model.end_of_word_suffix "</w>"', { model: { ...base.model, end_of_word_suffix: '</w>' } }],
    ['pre_tokenizer BertPreTokenizer', { pre_tokenizer: { type: 'BertPreTokenizer' } }],
    [
      'pre_tokenizer Split with behavior MergedWithPrevious',
      {
        pre_tokenizer: {
          type: 'Split',
          pattern: { String: ' ' },
          behavior: 'MergedWithPrevious',
          invert: false,
        },
      },
    ],
    ['normalizer Lowercase', { normalizer: { type: 'Sequence', normalizers: [{ type: 'Lowercase' }] } }],
    ['decoder WordPiece', { decoder: { type: 'WordPiece' } }],
    ['decoder null', { decoder: null }],
    ['decoder CTC', { decoder: { type: 'CTC' } }, sentencepiece],
    ['no decoder', { decoder: null }, sentencepiece],
    ['neither a ByteLevel pre_tokenizer nor byte_fallback', { pre_tokenizer: null }],
    ['no token for byte 10 (<0x0A>)', { model: without(sentencepiece, '<0x0A>') }, sentencepiece],
    ['no token for byte 33 (!)', { model: { ...without(base, '!'), merges: [] } }],
    ['merge 0 ["q","Ġqq"]', { model: { ...base.model, merges: [['q', 'Ġqq']] } }],
    ['two tokens with id 7', { model: { ...base.model, vocab: { ...base.model.vocab, zzz: 7, yyy: 7 } } }],
    ['id -1 of token "zzz"', { model: { ...base.model, vocab: { ...base.model.vocab, zzz: -1 } } }],
    ['"x" as model', { model: 'x' }],
    ['a part that @huggingface/tokenizers refuses', { pre_tokenizer: brokenPattern() }],
  ])('refuses %s by name', async (message, patch, file = base) => {
    const opening = open({ ...file, ...patch });
    await expect(opening).rejects.toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }));
    await expect(opening).rejects.toThrow(message);
  });

  it('refuses what is not JSON', async () => {
    const json = readFixture('small.tiktoken');
    await expect(createTextTokenizer({ kind: 'tokenizer.json', json })).rejects.toThrow('not JSON');
  });
});

function without(file: File, token: string): Record<string, unknown> {
  return {
    ...file.model,
    vocab: Object.fromEntries(Object.entries(file.model.vocab).filter(([key]) => key !== token)),
  };
}

function brokenPattern(): object {
  const split = { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated', invert: false };
  return { type: 'Sequence', pretokenizers: [split, { type: 'ByteLevel', add_prefix_space: false }] };
}
