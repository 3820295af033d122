/** Comparing what was heard with what was said, word by word. */

export interface WordErrors {
  /** Words to put in, take out or change (Levenshtein). */
  readonly errors: number;
  /** Words that were said. */
  readonly words: number;
}

export function wordErrors(heard: string, said: string): WordErrors {
  const a = split(heard);
  const b = split(said);
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, word] of a.entries()) {
    const next = [i + 1];
    for (const [j, other] of b.entries())
      next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (word === other ? 0 : 1)));
    row = next;
  }
  return { errors: row[b.length]!, words: b.length };
}

const split = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** English as the dictionary of the outside recogniser has it. */
export function dictionaryForm(words: string): string {
  return words
    .toLowerCase()
    .replaceAll('t-shirt', 'tee shirt')
    .replaceAll('ufo', 'u. f. o.')
    .replaceAll('-', ' ')
    .replaceAll(',', '');
}
