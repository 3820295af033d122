import { expect, test } from 'vitest';
import { draftWindow } from './draft.ts';

test('a draft sees one id above and to the left, nothing after it', () => {
  expect(draftWindow({ row: 2, column: 2, rows: 2, columns: 2 })).toEqual({
    row: 1,
    column: 1,
    rows: 3,
    columns: 3,
  });
  expect(draftWindow({ row: 0, column: 4, rows: 2, columns: 2 })).toEqual({
    row: 0,
    column: 3,
    rows: 2,
    columns: 3,
  });
});
