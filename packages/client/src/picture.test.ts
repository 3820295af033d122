import type { ImageDelta } from '@any-to-any/core';
import { describe, expect, it } from 'vitest';
import { createPainter } from './canvas.ts';
import { PictureBuilder } from './picture.ts';

/** A patch of one grey. */
function patch(
  grey: number,
  [x, y, width, height]: [number, number, number, number],
  { revision = 0, sigma = 0, size = [4, 2] as [number, number] } = {},
): ImageDelta {
  const data = new Uint8Array(width * height * 4).fill(grey);
  const rectangle = { x, y, width, height };
  return { modality: 'image', width: size[0], height: size[1], rectangle, data, revision, sigma };
}

/** The first channel of every pixel. */
const greys = ({ data }: { data: Uint8Array }): number[] => [...data].filter((_, at) => at % 4 === 0);

describe('a picture', () => {
  it('by hand: white until patches come, the latest revision wins', () => {
    const picture = new PictureBuilder();
    expect(picture.add(patch(1, [0, 0, 2, 2]))).toBe('grown');
    expect(greys(picture)).toEqual([1, 1, 255, 255, 1, 1, 255, 255]);
    expect(picture.add(patch(3, [2, 0, 2, 2], { revision: 1 }))).toBe('painted');
    expect(picture.add(patch(2, [2, 0, 2, 2]))).toBe(false); // stale
    expect(picture.add(patch(4, [0, 0, 2, 2], { revision: 1 }))).toBe('painted');
    expect(greys(picture)).toEqual([4, 4, 3, 3, 4, 4, 3, 3]);
    expect(picture.cells.map(({ patch, count }) => [patch.revision, count])).toEqual([
      [1, 2],
      [1, 1],
    ]);
  });

  it('drops what is older pixel by pixel where patches overlap', () => {
    const picture = new PictureBuilder();
    picture.add(patch(9, [1, 0, 2, 1], { revision: 2 }));
    expect(picture.add(patch(5, [0, 0, 4, 1], { revision: 1 }))).toBe('painted');
    expect(greys(picture).slice(0, 4)).toEqual([5, 9, 9, 5]);
  });

  it('grows with patches of an upscaled picture, whatever came first', () => {
    const small = patch(1, [0, 0, 2, 2]);
    const large = patch(7, [4, 0, 4, 4], { revision: 1, size: [8, 4] });
    for (const order of [
      [small, large],
      [large, small],
    ]) {
      const picture = new PictureBuilder();
      for (const one of order) picture.add(one);
      expect([picture.width, picture.height]).toEqual([8, 4]);
      expect(greys(picture).slice(0, 8)).toEqual([1, 1, 1, 1, 7, 7, 7, 7]);
    }
  });

  it('forgets a place once finer ones cover it', () => {
    const picture = new PictureBuilder();
    picture.add(patch(1, [0, 0, 2, 2]));
    picture.add(patch(1, [2, 0, 2, 2]));
    const halves = [0, 2].map((y) => patch(7 + y, [0, y, 4, 2], { revision: 1, size: [8, 4] }));
    picture.add(halves[0]!);
    expect(picture.cells.length).toBe(3); // half of the first one still shows
    picture.add(halves[1]!);
    expect(picture.cells.map(({ patch }) => [patch.width, patch.rectangle.x, patch.rectangle.y])).toEqual([
      [4, 2, 0],
      [8, 0, 0],
      [8, 0, 2],
    ]);
    expect(picture.add(patch(1, [0, 0, 2, 2]))).toBe(false); // comes late, and stays covered
  });

  it('a stale patch stays stale when the picture grows', () => {
    const picture = new PictureBuilder();
    picture.add(patch(8, [0, 0, 2, 2], { revision: 3 }));
    picture.add(patch(2, [0, 0, 4, 4], { revision: 1, size: [8, 4] }));
    expect(greys(picture)[0]).toBe(8);
    picture.add(patch(5, [0, 0, 8, 8], { revision: 2, size: [16, 8] }));
    expect(greys(picture)[0]).toBe(8);
  });

  it.each<[string, ImageDelta]>([
    ['outside', patch(1, [3, 0, 2, 2])],
    ['of too few bytes', { ...patch(1, [0, 0, 2, 2]), data: new Uint8Array(3) }],
    ['of another shape of picture', patch(1, [0, 0, 2, 2], { size: [8, 8] })],
    ['of no size', patch(1, [0, 0, 0, 2])],
    ['of a negative revision', patch(1, [0, 0, 2, 2], { revision: -1 })],
  ])('refuses a patch %s', (_, wrong) => {
    const picture = new PictureBuilder();
    picture.add(patch(1, [0, 0, 1, 1]));
    expect(() => picture.add(wrong)).toThrow(/^CONTENT_INVALID/);
  });
});

describe('a painter', () => {
  function setUp() {
    const drawn: number[][] = [];
    const canvas = {
      width: 1,
      height: 1,
      getContext: () => ({ putImageData: (_: ImageData, ...place: number[]) => void drawn.push(place) }),
    };
    // What is drawn is told by its place; the pixels are the picture's own.
    const painter = createPainter(canvas as never, (picture) => picture as never);
    return { canvas, drawn, painter };
  }

  it('draws a patch where it lies and nothing else', () => {
    const { canvas, drawn, painter } = setUp();
    painter.paint(patch(1, [0, 0, 2, 2], { revision: 1 }));
    expect([canvas.width, canvas.height]).toEqual([4, 2]);
    painter.paint(patch(2, [2, 0, 2, 2]));
    painter.paint(patch(3, [0, 0, 2, 2])); // stale
    expect(drawn).toEqual([
      [0, 0, 0, 0, 2, 2],
      [0, 0, 2, 0, 2, 2],
    ]);
  });

  it('draws everything anew when the picture grows', () => {
    const { canvas, drawn, painter } = setUp();
    painter.paint(patch(1, [0, 0, 2, 2]));
    drawn.length = 0;
    painter.paint(patch(7, [4, 0, 4, 4], { revision: 1, size: [8, 4] }));
    expect([canvas.width, canvas.height]).toEqual([8, 4]);
    expect(drawn).toEqual([
      [0, 0, 0, 0, 4, 4],
      [0, 0, 4, 0, 4, 4],
    ]);
  });

  it('refuses a canvas that cannot be drawn on', () => {
    expect(() => createPainter({ width: 1, height: 1, getContext: () => null })).toThrow(/^OPTION_INVALID/);
  });
});
