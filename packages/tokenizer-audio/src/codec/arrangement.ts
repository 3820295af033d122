/**
 * The order of the ids of several codebooks. A frame has one code per book; id = book * size + code.
 * Flattened: frame by frame, book 0 first. Delayed: book k comes k steps late (MusicGen's delay pattern, Copet et al.
 * 2023, arXiv 2306.05284), so that a step never holds two books of one frame; places before the first and after the
 * last frame do not exist, hence either order has `books * frames` ids. Pure.
 */
import { AnyToAnyError } from '@any-to-any/core';

export interface Arrangement {
  readonly order: 'flattened' | 'delayed';
  readonly books: number;
  /** Ids of one book. */
  readonly size: number;
}

/**
 * Where the next id stands. A step holds at most one id of each book: of one frame if flattened, of `books`
 * neighbouring frames if delayed.
 */
export interface Cursor {
  readonly step: number;
  /** The next book; at the beginning of a step that may be the first after the last frame, book 1 may come as well. */
  readonly book: number;
  /** How many frames there are; Infinity until the order shows it. */
  readonly frames: number;
}

export const start: Cursor = { step: 0, book: 0, frames: Number.POSITIVE_INFINITY };

/** What may come next: the books of a legal id, and whether the sequence may end here. */
export interface Choices {
  readonly books: readonly number[];
  readonly end: boolean;
}

/** Three books, delayed, after two steps (ids of books 0, 0, 1): book 0 goes on, book 1 says there are two frames. */
export function choices({ step, book, frames }: Cursor, { order, books }: Arrangement): Choices {
  const fresh = book === 0 && step > 0;
  if (order === 'flattened' || books === 1) return { books: [book], end: fresh };
  if (step === frames + books - 1) return { books: [], end: true };
  return { books: fresh && frames === Number.POSITIVE_INFINITY ? [0, 1] : [book], end: false };
}

/** The cursor after an id of `book`, which must be one of the choices. */
export function advance(cursor: Cursor, book: number, { order, books }: Arrangement): Cursor {
  const { step } = cursor;
  if (order === 'flattened') {
    return book + 1 < books ? { ...cursor, book: book + 1 } : { ...cursor, step: step + 1, book: 0 };
  }
  const frames = book === 1 && cursor.book === 0 ? step : cursor.frames;
  if (book < Math.min(step, books - 1)) return { step, book: book + 1, frames };
  return { step: step + 1, book: Math.max(0, step + 2 - frames), frames };
}

/** The frame whose code of `book` stands at this step. */
export function frameAt(step: number, book: number, { order }: Arrangement): number {
  return order === 'flattened' ? step : step - book;
}

export function bookOf(id: number, { size }: Arrangement): number {
  return Math.floor(id / size);
}

/** Frames → ids, as they come. Two books of 10 ids, frames (3, 7), (4, 8): flattened 3 17 4 18, delayed 3 4 17 18. */
export class Arranger {
  readonly #arrangement: Arrangement;
  /** The last `books` frames, oldest first. */
  readonly #recent: (readonly number[])[] = [];
  #count = 0;

  constructor(arrangement: Arrangement) {
    this.#arrangement = arrangement;
  }

  /** `codes`: one per book. Returns the ids of the step that became complete. */
  push(codes: readonly number[]): number[] {
    this.#recent.push(codes);
    if (this.#recent.length > this.#arrangement.books) this.#recent.shift();
    this.#count += 1;
    return this.#step(this.#count - 1);
  }

  /** The ids of the steps after the last frame. */
  end(): number[] {
    const { order, books } = this.#arrangement;
    if (order === 'flattened' || this.#count === 0) return [];
    return Array.from({ length: books - 1 }, (_, late) => this.#step(this.#count + late)).flat();
  }

  #step(step: number): number[] {
    const { books, size } = this.#arrangement;
    const oldest = this.#count - this.#recent.length;
    const ids: number[] = [];
    for (let book = 0; book < books; book++) {
      const frame = frameAt(step, book, this.#arrangement);
      if (frame < 0 || frame >= this.#count) continue;
      ids.push(book * size + this.#recent[frame - oldest]![book]!);
    }
    return ids;
  }
}

/** Ids → frames, as they come: the opposite of `Arranger`. What is left of an unfinished frame at the end is dropped. */
export class Gatherer {
  readonly #arrangement: Arrangement;
  /** Frames that have begun: the codes of their first books. The oldest is the next to be complete. */
  readonly #open: number[][] = [];
  #cursor = start;
  #done = 0;
  #count = 0;

  constructor(arrangement: Arrangement) {
    this.#arrangement = arrangement;
  }

  /** Returns the codes, one per book, of the frame that `id` completes. Throws ID_OUT_OF_RANGE. */
  push(id: number): readonly number[] | undefined {
    const arrangement = this.#arrangement;
    const { books, size } = arrangement;
    const book = bookOf(id, arrangement);
    const legal = choices(this.#cursor, arrangement).books;
    if (!Number.isInteger(id) || id < 0 || id >= books * size || !legal.includes(book)) {
      throw wrongId(id, this.#count, legal, arrangement);
    }
    const frame = frameAt(this.#cursor.step, book, arrangement) - this.#done;
    this.#cursor = advance(this.#cursor, book, arrangement);
    this.#count += 1;
    if (book === 0) this.#open.push([]);
    this.#open[frame]!.push(id - book * size); // its earlier books came before: the order says so
    if (book < books - 1) return undefined;
    this.#done += 1;
    return this.#open.shift();
  }
}

function wrongId(
  id: number,
  index: number,
  legal: readonly number[],
  { order, books, size }: Arrangement,
): AnyToAnyError {
  const ranges = legal.map((book) => `${book * size}–${(book + 1) * size - 1}`).join(' or ');
  return new AnyToAnyError(
    'ID_OUT_OF_RANGE',
    `Expected ${ranges === '' ? 'no more ids' : `a sound id of ${ranges}`} at ${index} ` +
      `(${books} codebooks of ${size}, ${order}), got ${id}. Decode with the tokenizer that made the ids.`,
    { plugin: '@any-to-any/tokenizer-audio', stage: 'decode', id, index },
  );
}
