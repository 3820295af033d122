/**
 * Cuts long text where a word ends, so that no call of a BPE library takes long. Comes before `Engine.encode`.
 * Byte-pair merging is quadratic in the length of one word: a million letters without a break would take hours.
 */

/**
 * Pieces of at most `longest` UTF-16 units; joined they are `text`. Text of up to `longest` units is one piece.
 * Pieces end, in order of preference: before a space that follows a non-space, after a letter or number that
 * another kind of character follows, between letters and numbers, or wherever a character ends. Patterns of the
 * GPT family break words at the first three anyway, so ids are those of the whole text unless one unbroken
 * stretch is longer than `longest`. `cut('ab cd', 4)` → `'ab'`, `' cd'`.
 */
export function* cut(text: string, longest: number): Generator<string> {
  let start = 0;
  while (text.length - start > longest) {
    const end = endOf(text, start, start + longest);
    yield text.slice(start, end);
    start = end;
  }
  if (start < text.length) yield text.slice(start);
}

type Break = (before: string, after: string) => boolean;

const breaks: readonly Break[] = [
  (before, after) => after === ' ' && !/\s/u.test(before),
  // A mark continues its letter; an apostrophe may begin a contraction that belongs to the word.
  (before, after) => /[\p{L}\p{N}]/u.test(before) && !/[\p{L}\p{M}\p{N}'’]/u.test(after),
  (before, after) => (isLetter(before) && isNumber(after)) || (isNumber(before) && isLetter(after)),
  () => true,
];

const isLetter = (character: string): boolean => /\p{L}/u.test(character);
const isNumber = (character: string): boolean => /\p{N}/u.test(character);

/** The last end of a piece in `(start, limit]`. */
function endOf(text: string, start: number, limit: number): number {
  for (const matches of breaks) {
    for (let end = limit; end > start; end--) {
      if (isLow(text, end) && isHigh(text, end - 1)) continue;
      const first = isLow(text, end - 1) && end - 2 >= start && isHigh(text, end - 2) ? end - 2 : end - 1;
      if (matches(text.slice(first, end), String.fromCodePoint(text.codePointAt(end)!))) return end;
    }
  }
  return limit;
}

const isHigh = (text: string, index: number): boolean => (text.charCodeAt(index) & 0xfc00) === 0xd800;
const isLow = (text: string, index: number): boolean => (text.charCodeAt(index) & 0xfc00) === 0xdc00;
