import { expectCode } from '@any-to-any/core/testing';
import { describe, expect, test } from 'vitest';
import { type Arrangement, Arranger, advance, bookOf, choices, Gatherer, start } from './arrangement.ts';

const flattened: Arrangement = { order: 'flattened', books: 3, size: 10 };
const delayed: Arrangement = { ...flattened, order: 'delayed' };

function arrange(frames: readonly (readonly number[])[], arrangement: Arrangement): number[] {
  const arranger = new Arranger(arrangement);
  return [...frames.flatMap((codes) => arranger.push(codes)), ...arranger.end()];
}

function gather(ids: readonly number[], arrangement: Arrangement): (readonly number[])[] {
  const gatherer = new Gatherer(arrangement);
  return ids.flatMap((id) => {
    const frame = gatherer.push(id);
    return frame === undefined ? [] : [frame];
  });
}

test('by hand: four frames of three books', () => {
  const frames = [1, 2, 3, 4].map((code) => [code, code, code]);
  expect(arrange(frames, flattened)).toEqual([1, 11, 21, 2, 12, 22, 3, 13, 23, 4, 14, 24]);
  // Steps: book 0 of frame 1; 2 with book 1 of 1; 3, 2, 1; 4, 3, 2; then books 1 and 2 of 4 and 3; book 2 of 4.
  expect(arrange(frames, delayed)).toEqual([1, 2, 11, 3, 12, 21, 4, 13, 22, 14, 23, 24]);
});

describe.each(['flattened', 'delayed'] as const)('%s', (order) => {
  const cases = [1, 2, 3, 4, 7].flatMap((books) =>
    [0, 1, 2, 3, 5, 11].map((frames) => [books, frames] as const),
  );

  test.each(cases)('%i books, %i frames: every id once, and back', (books, frames) => {
    const arrangement = { order, books, size: 100 };
    const codes = Array.from({ length: frames }, (_, frame) =>
      Array.from({ length: books }, (_, book) => (frame * 7 + book) % 100),
    );
    const ids = arrange(codes, arrangement);
    expect(ids.length).toBe(books * frames);
    expect(gather(ids, arrangement)).toEqual(codes);
  });

  test.each(cases)(
    '%i books, %i frames: every id is a choice, and only the end may be the end',
    (books, frames) => {
      const arrangement = { order, books, size: 10 };
      const ids = arrange(Array(frames).fill(Array(books).fill(0)), arrangement);
      let cursor = start;
      ids.forEach((id, index) => {
        const { books: legal, end } = choices(cursor, arrangement);
        expect(legal).toContain(bookOf(id, arrangement));
        expect(end).toBe(order === 'flattened' || books === 1 ? index > 0 && index % books === 0 : false);
        cursor = advance(cursor, bookOf(id, arrangement), arrangement);
      });
      expect(choices(cursor, arrangement).end).toBe(frames > 0);
    },
  );

  test('a frame comes back with its last book, not later', () => {
    const arrangement = { order, books: 2, size: 10 };
    const gatherer = new Gatherer(arrangement);
    const ids = order === 'flattened' ? [1, 11, 2] : [1, 2, 11];
    expect(ids.map((id) => gatherer.push(id))).toEqual(
      order === 'flattened' ? [undefined, [1, 1], undefined] : [undefined, undefined, [1, 1]],
    );
  });
});

test('delayed: at the beginning of a step the sound may go on or end; then the order is fixed', () => {
  const ids = [1, 2, 11];
  let cursor = start;
  for (const id of ids) cursor = advance(cursor, bookOf(id, delayed), delayed);
  expect(choices(cursor, delayed)).toEqual({ books: [0, 1], end: false });
  cursor = advance(cursor, 1, delayed); // two frames
  expect(cursor.frames).toBe(2);
  expect(choices(cursor, delayed)).toEqual({ books: [2], end: false });
  cursor = advance(advance(cursor, 2, delayed), 2, delayed);
  expect(choices(cursor, delayed)).toEqual({ books: [], end: true });
});

test('refuses ids that cannot stand where they do', async () => {
  for (const id of [30, -1, 0.5, Number.NaN])
    await expectCode(() => gather([id], flattened), 'ID_OUT_OF_RANGE');
  await expectCode(() => gather([1, 2], flattened), 'ID_OUT_OF_RANGE');
  await expectCode(() => gather([1, 11], delayed).at(0) ?? gather([1, 21], delayed), 'ID_OUT_OF_RANGE');
  await expectCode(() => gather([1, 11, 21, 1], delayed), 'ID_OUT_OF_RANGE');
});
