/**
 * Reads the parts of a Hugging Face tokenizer.json that matter here. Comes before `pieces.ts` and `spelling.ts`.
 * Only BPE models that can spell every byte are taken, so that no text is ever lost.
 */
import { AnyToAnyError } from '@any-to-any/core';

/** One part of a tokenizer.json: a normalizer, pre-tokenizer or decoder with its settings. */
export type Piece = { readonly type: string } & Readonly<Record<string, unknown>>;

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

export interface TokenizerJson {
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly merges: readonly (readonly [string, string])[];
  /** A word that is a token is taken whole, whatever the merges say. */
  readonly ignoreMerges: boolean;
  /** Bytes of unknown characters are spelt `<0x00>` … `<0xFF>`. */
  readonly byteFallback: boolean;
  readonly normalizer: Piece | null;
  readonly preTokenizer: Piece | null;
  readonly decoder: Piece | null;
  readonly addedTokens: readonly AddedToken[];
}

/** Throws FORMAT_UNKNOWN, which names the part that is not supported. */
export function readTokenizerJson(json: Uint8Array): TokenizerJson {
  const file = asRecord(parse(json), 'the file');
  const model = asRecord(file['model'], 'model');
  // Files before 2021 do not name the type of a BPE model.
  const type = model['type'] ?? (model['merges'] === undefined ? undefined : 'BPE');
  if (type !== 'BPE') throw unsupported(`model ${JSON.stringify(type)}`, 'a BPE model');
  for (const key of ['dropout', 'continuing_subword_prefix', 'end_of_word_suffix']) {
    if (model[key]) throw unsupported(`model.${key} ${JSON.stringify(model[key])}`, 'a model without it');
  }
  const vocabulary = readVocabulary(model['vocab']);
  const addedTokens = asList(file['added_tokens'] ?? [], 'added_tokens').map(readAddedToken);
  return {
    vocabulary,
    merges: readMerges(model['merges'], vocabulary),
    ignoreMerges: model['ignore_merges'] === true,
    byteFallback: model['byte_fallback'] === true,
    normalizer: asPiece(file['normalizer'], 'normalizer'),
    preTokenizer: asPiece(file['pre_tokenizer'], 'pre_tokenizer'),
    decoder: asPiece(file['decoder'], 'decoder'),
    addedTokens,
  };
}

export function unsupported(got: string, expected: string): AnyToAnyError {
  const message = `tokenizer.json has ${got}; expected ${expected}. Use a byte-level BPE tokenizer.`;
  return new AnyToAnyError('FORMAT_UNKNOWN', message);
}

export function asPiece(value: unknown, name: string): Piece | null {
  if (value === null || value === undefined) return null;
  const { type, ...rest } = asRecord(value, name);
  if (typeof type !== 'string') throw unsupported(`${name} without a type`, 'a type');
  return { ...rest, type };
}

export function asList(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw unsupported(`${typeof value} as ${name}`, 'a list');
  return value;
}

export function asRecord(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unsupported(`${JSON.stringify(value)?.slice(0, 40)} as ${name}`, 'an object');
  }
  return value as Readonly<Record<string, unknown>>; // Every object that is no list is a record of unknowns.
}

function parse(json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (cause) {
    throw new AnyToAnyError('FORMAT_UNKNOWN', 'tokenizer.json is not JSON in UTF-8. Copy it again.', {
      cause,
    });
  }
}

function readVocabulary(value: unknown): Map<string, number> {
  const vocabulary = new Map<string, number>();
  const ids = new Set<number>();
  for (const [token, id] of Object.entries(asRecord(value, 'model.vocab'))) {
    checkId(id, token);
    if (ids.has(id)) throw unsupported(`two tokens with id ${id}`, 'one token per id');
    ids.add(id);
    vocabulary.set(token, id);
  }
  return vocabulary;
}

function readMerges(value: unknown, vocabulary: ReadonlyMap<string, number>): [string, string][] {
  return asList(value, 'model.merges').map((merge, index) => {
    const [left, right, ...rest]: readonly unknown[] =
      typeof merge === 'string' ? merge.split(' ') : asList(merge, 'merge');
    const known = typeof left === 'string' && typeof right === 'string' && vocabulary.has(left + right);
    if (!known || !vocabulary.has(left) || !vocabulary.has(right) || rest.length > 0) {
      throw unsupported(
        `merge ${index} ${JSON.stringify(merge)}`,
        'two tokens of the vocabulary that make a third',
      );
    }
    return [left, right];
  });
}

function readAddedToken(value: unknown): AddedToken {
  const { id, content, special } = asRecord(value, 'an added token');
  checkId(id, content);
  if (typeof content !== 'string' || content === '')
    throw unsupported(`added token ${id} without content`, 'a string');
  return { id, content, special: special === true };
}

function checkId(id: unknown, token: unknown): asserts id is number {
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < 2 ** 24) return;
  throw unsupported(
    `id ${JSON.stringify(id)} of token ${JSON.stringify(token)}`,
    'a whole number below 2^24',
  );
}
