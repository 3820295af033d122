/**
 * Engine over `@huggingface/tokenizers`, for BPE files of the Hugging Face format; loaded when first needed.
 * The library is given no added tokens: in text they are ordinary characters, their ids only decode.
 */
import { AnyToAnyError } from '@any-to-any/core';
import type { Engine } from '../engine.ts';
import { rewriteNormalizer, rewritePreTokenizer, splitAtSpaces } from './pieces.ts';
import { type Piece, readTokenizerJson, type TokenizerJson, unsupported } from './read.ts';
import { byteOfCharacter, spell } from './spelling.ts';

/** What is used of the library, whose own types do not resolve in Node's module system. */
interface Library {
  encode(
    text: string,
    options: { readonly add_special_tokens: boolean },
  ): { readonly ids: readonly number[] };
}

/** Throws FORMAT_UNKNOWN, which names the part of the file that is not supported. */
export async function tokenizerJsonEngine(json: Uint8Array): Promise<Engine> {
  const file = readTokenizerJson(json);
  const normalizers = rewriteNormalizer(file.normalizer);
  const own = rewritePreTokenizer(file.preTokenizer);
  const byteLevel = own.some((piece) => piece.type === 'ByteLevel');
  const preTokenizers = byteLevel ? own : [...own, ...splitAtSpaces(file)];
  const missing = missingBytes(file, byteLevel);
  const bytes = spell(file, byteLevel);
  const { Tokenizer } = await import('@huggingface/tokenizers');
  const library: Library = construct(() => new Tokenizer(definition(file, normalizers, preTokenizers), {}));
  const ids = [...file.vocabulary.values(), ...file.addedTokens.map((token) => token.id)];
  const whole = ['Prepend', 'Metaspace', 'Replace'];
  return {
    size: ids.reduce((size, id) => Math.max(size, id + 1), 0),
    // Pieces that look at where a text begins, or have no words, need the whole of it.
    longest:
      byteLevel && ![...normalizers, ...preTokenizers].some((piece) => whole.includes(piece.type))
        ? 2048
        : Number.POSITIVE_INFINITY,
    encode(text) {
      checkSpelling(text, missing);
      return library.encode(text, { add_special_tokens: false }).ids;
    },
    bytes,
  };
}

/** Bytes without a token. A byte-level vocabulary may lack what its makers never saw, but no printable ASCII. */
function missingBytes(file: TokenizerJson, byteLevel: boolean): ReadonlySet<number> {
  if (!byteLevel && !file.byteFallback) {
    throw unsupported('neither a ByteLevel pre_tokenizer nor byte_fallback', 'one of them');
  }
  const missing = new Set<number>();
  for (const [character, byte] of byteOfCharacter) {
    const token = byteLevel ? character : `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
    if (file.vocabulary.has(token)) continue;
    if (!byteLevel || (byte >= 0x20 && byte < 0x7f)) {
      throw unsupported(`no token for byte ${byte} (${token})`, 'one');
    }
    missing.add(byte);
  }
  return missing;
}

/** The library would leave such a character out. Throws CONTENT_INVALID. */
function checkSpelling(text: string, missing: ReadonlySet<number>): void {
  if (missing.size === 0) return;
  const wrong = Buffer.from(text).find((byte) => missing.has(byte));
  if (wrong === undefined) return;
  throw new AnyToAnyError(
    'CONTENT_INVALID',
    `The model's vocabulary has no token for the byte ${wrong}, which the text holds. Leave that character out.`,
    { stage: 'encode', byte: wrong },
  );
}

/** The file as the library is to see it. */
function definition(file: TokenizerJson, normalizers: Piece[], preTokenizers: Piece[]): object {
  const special = new Set(
    file.addedTokens.filter((token) => token.special && !isByte(token.content)).map((token) => token.content),
  );
  const vocabulary = [...file.vocabulary].filter(([token]) => !special.has(token));
  const merges = file.merges.filter((pair) => ![...pair, pair.join('')].some((token) => special.has(token)));
  return {
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(vocabulary),
      merges,
      ignore_merges: file.ignoreMerges,
      byte_fallback: !preTokenizers.some((piece) => piece.type === 'ByteLevel'),
    },
    normalizer: normalizers.length > 0 ? { type: 'Sequence', normalizers } : null,
    pre_tokenizer: preTokenizers.length > 0 ? { type: 'Sequence', pretokenizers: preTokenizers } : null,
    post_processor: null,
    decoder: null,
    added_tokens: [],
  };
}

/** Tokens that spell a byte stay, whatever the file calls them: text would be lost without them. */
const isByte = (token: string): boolean => byteOfCharacter.has(token) || /^<0x[0-9A-F]{2}>$/.test(token);

function construct<T>(make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw unsupported(`a part that @huggingface/tokenizers refuses (${cause})`, 'a part that it follows');
  }
}
