import type { ImageContent, ImageDelta } from '@any-to-any/core';
import { expect, test } from 'vitest';
import type { PictureItem } from '../matrix/items.ts';
import type { PictureJudge } from '../matrix/picture/judge.ts';
import { draftsOf, look } from './look.ts';
import type { Drawing } from './path.ts';
import { rightOf } from './print.ts';

/** A picture of 2 × 1, one pixel at a time: grey values. */
const seen = (at: number, x: number, grey: number, revision: number) => ({
  at,
  delta: {
    modality: 'image',
    width: 2,
    height: 1,
    rectangle: { x, y: 0, width: 1, height: 1 },
    data: Uint8Array.of(grey, grey, grey, 255),
    revision,
    sigma: 0,
  } satisfies ImageDelta,
});

const drawing: Drawing = {
  seen: [seen(3, 0, 9, 0), seen(5, 1, 20, 0), seen(8, 0, 10, 1), seen(9, 1, 20, 1)],
  total: 11,
  delay: 1,
  work: { prefilled: 0, generated: 2 },
};

/** Sees object 4 where the left pixel has this grey. */
const judgeOf = (grey: number): PictureJudge => ({
  look: async ({ data }: ImageContent) => ({
    colour: 'white',
    objects: data[0] === grey ? [4] : [],
    boxes: [],
  }),
});

const item = { measure: 'single', scene: { objects: [4] } } as unknown as PictureItem; // all that is looked at

test('a picture is recognised when its canvas first is, if it stays so', async () => {
  const looked = await look(judgeOf(10), item, drawing);
  expect(looked).toEqual({ right: true, first: 3, recognised: 8, total: 11, delay: 1 });
  // The draft was right, the exact patch is not.
  expect(await look(judgeOf(9), item, drawing)).toMatchObject({ right: false, recognised: undefined });
});

test('drafts alone are what each place showed first', async () => {
  const drafts = draftsOf(drawing);
  expect(drafts.seen.map(({ at }) => at)).toEqual([3, 5]);
  expect(drafts.total).toBe(5);
  expect(await look(judgeOf(9), item, drafts)).toMatchObject({ right: true, recognised: 3 });
});

test('nothing seen is nothing right', async () => {
  const looked = await look(judgeOf(9), item, { ...drawing, seen: [] });
  expect(looked.right).toBe(false);
  expect(looked.first).toBeNaN();
});

test('a share and its interval, as printed', () => {
  const looked = Array.from({ length: 100 }, (_, i) => ({
    right: i < 50,
    first: 0,
    recognised: undefined,
    total: 0,
    delay: 0,
  }));
  expect(rightOf(looked)).toBe('50 % (40–60)');
  expect(rightOf([])).toBe('');
});
