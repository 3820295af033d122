/**
 * The tokenizer in a GGUF header → the tokenizer.json it was made from, as far as it matters: vocabulary, merges and
 * the way text is split into words, which the file only names.
 */
import type { GgufReader } from '../../gguf/file.ts';
import type { MetadataValue } from '../../gguf/header.ts';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import { factsOf } from './gguf.ts';
import type { TextTokens } from './tokens.ts';

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };

/** A split by a regex, and bytes written as characters. */
function words(pattern: string): object {
  const split = { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
  return { type: 'Sequence', pretokenizers: [split, { ...byteLevel, use_regex: false }] };
}

const digits = {
  type: 'Sequence',
  pretokenizers: [
    { type: 'Digits', individual_digits: true },
    { ...byteLevel, use_regex: true },
  ],
};

const llama3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const qwen2 = llama3.replace('\\p{N}{1,3}', '\\p{N}');

interface Pre {
  readonly preTokenizer: object;
  readonly ignoreMerges?: boolean;
  readonly normalizer?: object;
}

/** By `tokenizer.ggml.pre`: what the tokenizer.json of these models says (`llama-vocab.cpp` has the same patterns). */
const pres: ReadonlyMap<string, Pre> = new Map<string, Pre>([
  ['gpt-2', { preTokenizer: { ...byteLevel, use_regex: true } }],
  ['smollm', { preTokenizer: digits }],
  ['llama-bpe', { preTokenizer: words(llama3), ignoreMerges: true }],
  ['qwen2', { preTokenizer: words(qwen2), normalizer: { type: 'NFC' } }],
  ['deepseek-r1-qwen', { preTokenizer: words(qwen2) }],
]);

/** Values of `tokenizer.ggml.token_type`. */
const control = 3;
const userDefined = 4;

/** Throws CHECKPOINT_INVALID. */
export function tokensOfGguf({ path, metadata }: GgufReader): TextTokens {
  const facts = factsOf({ path, metadata });
  const model = facts.text('tokenizer.ggml.model');
  const refuse = (key: string, expected: string, found: string): never => {
    throw checkpointInvalid(path, `tokenizer.ggml.${key}: expected ${expected}, found "${found}".`);
  };
  if (model !== 'gpt2') refuse('model', '"gpt2" (byte-level BPE)', model);
  const name = facts.optionalText('tokenizer.ggml.pre') ?? 'gpt-2';
  const pre = pres.get(name) ?? refuse('pre', `one of ${[...pres.keys()].join(', ')}`, name);
  const tokens = listOf(path, metadata, 'tokenizer.ggml.tokens', isText);
  const types = listOf(path, metadata, 'tokenizer.ggml.token_type', isNumber);
  const merges = listOf(path, metadata, 'tokenizer.ggml.merges', isText);
  if (types.length !== tokens.length) refuse('token_type', `${tokens.length} entries`, `${types.length}`);
  const special = tokens.flatMap((content, id) =>
    types[id] === control || types[id] === userDefined
      ? [{ id, content, special: types[id] === control }]
      : [],
  );
  const idOf = (key: string): number | undefined =>
    metadata.has(`tokenizer.ggml.${key}`) ? facts.number(`tokenizer.ggml.${key}`) : undefined;
  const contentOf = (key: string): string | undefined => tokens[idOf(key) ?? -1];
  const variables = { bos_token: contentOf('bos_token_id'), eos_token: contentOf('eos_token_id') };
  const template = facts.optionalText('tokenizer.chat_template');
  const ends = [idOf('eos_token_id'), idOf('eot_token_id'), idOf('eom_token_id')];
  return {
    json: {
      version: '1.0',
      added_tokens: special,
      normalizer: pre.normalizer ?? null,
      pre_tokenizer: pre.preTokenizer,
      post_processor: null,
      decoder: byteLevel,
      model: {
        type: 'BPE',
        ignore_merges: pre.ignoreMerges ?? false,
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges,
      },
    },
    special: special.map(({ id, content, special: control }) => ({ id, content, control })),
    begin: idOf('bos_token_id'),
    addsBegin:
      metadata.get('tokenizer.ggml.add_bos_token') === true ||
      (name === 'llama-bpe' && !metadata.has('tokenizer.ggml.add_bos_token')),
    ends: [...new Set(ends.filter((id) => id !== undefined))],
    chat: template === undefined ? undefined : { template, variables: defined(variables) },
    sampling: {},
    guidance: undefined,
  };
}

function defined(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

const isText = (value: MetadataValue): value is string => typeof value === 'string';
const isNumber = (value: MetadataValue): value is number => typeof value === 'number';

function listOf<T extends MetadataValue>(
  path: string,
  metadata: GgufReader['metadata'],
  key: string,
  is: (value: MetadataValue) => value is T,
): readonly T[] {
  const value = metadata.get(key);
  if (Array.isArray(value) && value.every(is)) return value;
  throw checkpointInvalid(
    path,
    `${key}: expected a list, found ${value === undefined ? 'nothing' : 'another type'}.`,
  );
}
