import { expect, test } from 'vitest';
import { createSent } from './sent.ts';

test('revisions rise by one, and only for less noise', () => {
  const sent = createSent(2);
  expect(sent.next([0], 0.5)).toBe(0);
  expect(sent.next([0], 0.5)).toBe(undefined);
  expect(sent.next([0], 0.7)).toBe(undefined);
  expect(sent.next([0], 0.1)).toBe(1);
  expect(sent.next([1], 0.3)).toBe(0);
});

test('what is finished may be sent finished again, but never blurred', () => {
  const sent = createSent(1);
  expect([sent.next([0], 0), sent.next([0], 0), sent.next([0], 0.1), sent.next([0], 0)]).toEqual([
    0,
    1,
    undefined,
    2,
  ]);
});

test('several patches go out together with the revision after all of theirs, or not at all', () => {
  const sent = createSent(3);
  sent.next([1], 0.5);
  sent.next([1], 0.2);
  expect(sent.next([0, 1], 0.3)).toBe(undefined);
  expect(sent.next([0, 1], 0.1)).toBe(2);
  expect([sent.next([0], 0), sent.next([2], 0)]).toEqual([3, 0]);
});
