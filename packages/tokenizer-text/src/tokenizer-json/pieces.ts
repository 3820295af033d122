/**
 * Rewrites the normalizer and pre-tokenizer of a tokenizer.json into pieces that `@huggingface/tokenizers`
 * follows exactly as the Rust original does; what cannot be followed exactly is refused. Comes before `engine.ts`.
 * Example: JavaScript's `\s` counts U+FEFF as a space and U+0085 not, so ByteLevel's pattern becomes a Split piece.
 */
import { asList, asPiece, type Piece, type TokenizerJson, unsupported } from './read.ts';

/** The pattern of GPT-2, which a ByteLevel piece stands for (github.com/openai/gpt-2, `encoder.py`). */
const gpt2Pattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** Pre-tokenizers in order; empty for none. Throws FORMAT_UNKNOWN. */
export function rewritePreTokenizer(piece: Piece | null): Piece[] {
  if (piece === null) return [];
  switch (piece.type) {
    case 'Sequence':
      return parts(piece, 'pretokenizers').flatMap(rewritePreTokenizer);
    case 'ByteLevel':
      return [
        // A space before the text, unless it has one. A match of no width would also be found, in V8, inside a
        // surrogate pair; so the first character is matched and put back.
        ...(piece['add_prefix_space'] === true
          ? [{ type: 'Replace', pattern: { Regex: '\\A[^ ]' }, content: ' $&' }]
          : []),
        ...(piece['use_regex'] === false ? [] : [isolate({ Regex: gpt2Pattern })]),
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
      ];
    case 'Split':
      return [rewriteSplit(piece)];
    case 'Digits':
      return [isolate({ Regex: piece['individual_digits'] === true ? '\\p{N}' : '\\p{N}+' })];
    case 'Metaspace':
      return rewriteMetaspace(piece);
    default:
      throw unsupported(
        `pre_tokenizer ${piece.type}`,
        'ByteLevel, Split, Digits, Metaspace or a Sequence of them',
      );
  }
}

/**
 * A split before each run of `▁`, for vocabularies that need none but are slow without: one long word otherwise.
 * Empty unless it changes no id, that is, unless no merge joins anything to a `▁` that follows it.
 */
export function splitAtSpaces(file: TokenizerJson): Piece[] {
  const crosses = file.merges.some((pair) => /[^▁]▁/u.test(pair.join('')));
  return file.ignoreMerges || crosses ? [] : [isolate({ Regex: '▁*[^▁]+|▁+' })];
}

/** Normalizers in order; empty for none. Throws FORMAT_UNKNOWN. */
export function rewriteNormalizer(piece: Piece | null): Piece[] {
  if (piece === null) return [];
  switch (piece.type) {
    case 'Sequence':
      return parts(piece, 'normalizers').flatMap(rewriteNormalizer);
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
    case 'Prepend':
      return [piece];
    case 'Replace':
      // `$` has a meaning in the replacements of JavaScript, none in those of Rust.
      return [{ ...piece, content: String(piece['content']).replaceAll('$', '$$$$') }];
    default:
      throw unsupported(
        `normalizer ${piece.type}`,
        'NFC, NFD, NFKC, NFKD, Prepend, Replace or a Sequence of them',
      );
  }
}

/** The parts of a Sequence. */
export function parts(piece: Piece, key: string): Piece[] {
  return asList(piece[key], `${key} of a Sequence`).map((part) => {
    const inner = asPiece(part, key);
    if (inner === null) throw unsupported(`null in ${key}`, 'a piece');
    return inner;
  });
}

function isolate(pattern: Readonly<Record<string, string>>): Piece {
  return { type: 'Split', pattern, behavior: 'Isolated', invert: false };
}

function rewriteSplit(piece: Piece): Piece {
  const { pattern, behavior, invert } = piece;
  // Matches and what lies between them are words either way.
  if (behavior === 'Isolated') return { ...piece, invert: false };
  const isRegex = typeof pattern === 'object' && pattern !== null && 'Regex' in pattern;
  if (behavior === 'Removed' && invert === true && isRegex) return piece;
  throw unsupported(`pre_tokenizer Split with behavior ${behavior}`, 'Isolated, or Removed and inverted');
}

function rewriteMetaspace(piece: Piece): Piece[] {
  const replacement = String(piece['replacement'] ?? '▁');
  const scheme = piece['prepend_scheme'] ?? (piece['add_prefix_space'] === false ? 'never' : 'always');
  const split = piece['split'] === false ? [] : [isolate({ Regex: `${replacement}[^${replacement}]*` })];
  return [{ type: 'Metaspace', replacement, prepend_scheme: scheme }, ...split];
}
