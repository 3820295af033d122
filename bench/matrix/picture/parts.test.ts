import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageContent } from '@any-to-any/core';
import { openDevice, openGraph } from '@any-to-any/core';
import { describe, expect, test } from 'vitest';
import { loadItems, loadPictures } from '../items.ts';
import { crop, side } from './crop.ts';
import { pictureJudge } from './judge.ts';
import { type Box, background, foreground, parts } from './parts.ts';
import { pictureIsRight } from './right.ts';

const folder = join(import.meta.dirname, '../items');

/** What Python sees in pictures of the sheet that went through the image tokenizer (`evaluate/items.py`). */
interface Golden {
  readonly picture: number;
  readonly background: string;
  readonly boxes: readonly (readonly [number, number, number, number])[];
  /** The sum of all values of every crop. */
  readonly crops: readonly number[];
  /** Every fifth pixel of every fifth row of the first crop. */
  readonly pixels: readonly number[];
  readonly objects: readonly number[];
}

// Written together with this reader.
const golden = JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as { pictures: Golden[] };
const items = await loadItems(folder);
const picture = await loadPictures(join(folder, 'pictures.png'));

describe.each(golden.pictures)('picture $picture, as Python sees it', (seen) => {
  const found = parts(foreground(picture(seen.picture)));

  test('background and boxes', () => {
    expect(background(picture(seen.picture), items.colours)).toBe(seen.background);
    expect(found.map(({ x0, y0, x1, y1 }) => [x0, y0, x1, y1])).toEqual(seen.boxes);
  });

  test('crops, to the last bit', () => {
    const crops = found.map((box) => crop(picture(seen.picture), box));
    expect(crops.map((one) => one.reduce((a, b) => a + b, 0))).toEqual(seen.crops);
    const some: number[] = [];
    for (let y = 0; y < side; y += 5)
      for (let x = 0; x < side; x += 5)
        some.push(...crops[0]!.subarray((y * side + x) * 3, (y * side + x) * 3 + 3));
    expect(some).toEqual(seen.pixels);
  });
});

test('the judge names what Python’s names, and finds the true pictures right', async () => {
  const device = await openDevice({ threads: 1 });
  const graph = await openGraph(device, join(folder, 'picture-judge.onnx'));
  const judge = pictureJudge(graph, items.colours);
  for (const seen of golden.pictures)
    expect((await judge.look(picture(seen.picture))).objects).toEqual(seen.objects);
  const verdicts = await Promise.all(
    items.pictures.map(async (item) =>
      pictureIsRight(await judge.look(item.picture), item.scene, item.measure),
    ),
  );
  expect(verdicts.filter(Boolean).length / verdicts.length).toBeGreaterThan(0.9);
  graph.close();
  device.close();
});

/** `side × side` white with black rectangles. */
function drawn(boxes: readonly Box[], size = 64): ImageContent {
  const data = new Uint8Array(size * size * 4).fill(255);
  for (const { x0, y0, x1, y1 } of boxes)
    for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) data.set([0, 0, 0], (y * size + x) * 4);
  return { modality: 'image', width: size, height: size, data };
}

describe('by hand', () => {
  const left = { x0: 4, y0: 20, x1: 28, y1: 44 };
  const right = { x0: 36, y0: 20, x1: 60, y1: 44 };
  const below = { x0: 36, y0: 48, x1: 50, y1: 60 };

  test('one object, two beside each other, none', () => {
    const middle = { x0: 20, y0: 20, x1: 44, y1: 44 };
    expect(parts(foreground(drawn([middle])))).toEqual([middle]);
    expect(parts(foreground(drawn([left, right])))).toEqual([left, right]);
    expect(parts(foreground(drawn([])))).toEqual([]);
  });

  test('a crop of plain colour is that colour, and its rim the background', () => {
    const square = crop(drawn([left]), left); // 24 pixels and two around become 32: 8 and 7 eighths of a pixel
    expect(square[(16 * side + 16) * 3]).toBe(0);
    expect(square[0]).toBe(255);
  });

  test('a relation holds only in its direction', () => {
    const pair = { kind: 'pair', objects: [7, 3], style: 'noto', colour: 'white', count: 1 } as const;
    const verdict = { colour: 'white', objects: [7, 3], boxes: [left, right] };
    expect(pictureIsRight(verdict, { ...pair, vertical: false }, 'relation')).toBe(true);
    expect(pictureIsRight(verdict, { ...pair, vertical: true }, 'relation')).toBe(false);
    expect(pictureIsRight({ ...verdict, objects: [3, 7] }, { ...pair, vertical: false }, 'relation')).toBe(
      false,
    );
    expect(pictureIsRight({ ...verdict, objects: [3, 7] }, { ...pair, vertical: false }, 'two')).toBe(true);
    expect(
      pictureIsRight({ ...verdict, boxes: [left, below] }, { ...pair, vertical: false }, 'relation'),
    ).toBe(true);
  });

  test('a count is right with exactly that many', () => {
    const three = {
      kind: 'count',
      objects: [5],
      style: 'noto',
      colour: 'red',
      count: 3,
      vertical: false,
    } as const;
    const verdict = (objects: number[]) => ({ colour: 'blue', objects, boxes: [] });
    expect(pictureIsRight(verdict([5, 5, 5]), three, 'count')).toBe(true);
    expect(pictureIsRight(verdict([5, 5]), three, 'count')).toBe(false);
    expect(pictureIsRight(verdict([5, 5, 6]), three, 'count')).toBe(false);
  });
});
