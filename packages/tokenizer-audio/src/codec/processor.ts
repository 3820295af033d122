/**
 * Leaves only the ids that may come next: of the right codebook, and the closing mark after whole frames only.
 * Runs before sampling, so that whatever is drawn can be decoded.
 */
import type { Processor } from '@any-to-any/core';
import { type Arrangement, advance, bookOf, choices, start } from './arrangement.ts';

/** `arrangement` is known once the tokenizer is open, which is before anything is drawn. */
export function codebookProcessor(arrangement: () => Arrangement | undefined): Processor {
  return {
    name: '@any-to-any/tokenizer-audio:codebooks',
    modality: 'audio',
    process(logits, { ids }) {
      const own = arrangement();
      if (own === undefined || own.books === 1) return;
      const cursor = ids.reduce((at, id) => advance(at, bookOf(id, own), own), start);
      const { books, end } = choices(cursor, own);
      for (let book = 0; book < own.books; book++) {
        if (!books.includes(book)) logits.fill(-Infinity, book * own.size, (book + 1) * own.size);
      }
      if (!end) logits[own.books * own.size] = -Infinity;
    },
  };
}
