import type { ImageDelta } from '@any-to-any/core';
import { describe, expect, it } from 'vitest';
import { createCanvas, fitInside } from './canvas.ts';

/** A patch of one grey at (x, y) of a picture of `side × side`. */
function patch(side: number, x: number, y: number, size: number, grey: number, revision = 0): ImageDelta {
  const data = new Uint8Array(size * size * 4).fill(grey);
  const rectangle = { x, y, width: size, height: size };
  return { modality: 'image', width: side, height: side, rectangle, data, revision, sigma: 0 };
}
const greys = ({ pixels }: { pixels: { data: Uint8Array } }): number[] =>
  [...pixels.data].filter((_, index) => index % 4 === 0);

describe('canvas', () => {
  it('paints patches where they lie and leaves the rest transparent', () => {
    const canvas = createCanvas(4, 4);
    canvas.paint(patch(4, 2, 0, 2, 200));
    expect(greys(canvas)).toEqual([0, 0, 200, 200, 0, 0, 200, 200, ...Array(8).fill(0)]);
    expect(canvas.pixels.data[3]).toBe(0);
  });

  it('averages a larger picture', () => {
    const canvas = createCanvas(1, 1);
    const checks = patch(2, 0, 0, 2, 0);
    canvas.paint({
      ...checks,
      data: Uint8Array.from([0, 100, 100, 0].flatMap((grey) => Array(4).fill(grey))),
    });
    expect(greys(canvas)).toEqual([50]);
  });

  it('a patch twice as fine replaces its draft; an older revision does not come back', () => {
    const canvas = createCanvas(2, 2);
    canvas.paint(patch(2, 0, 0, 2, 10));
    canvas.paint(patch(4, 0, 0, 4, 90, 1));
    expect(greys(canvas)).toEqual([90, 90, 90, 90]);
    canvas.paint(patch(2, 0, 0, 2, 10));
    expect(greys(canvas)).toEqual([90, 90, 90, 90]);
  });

  it('patches cover a canvas of another size without a gap', () => {
    const canvas = createCanvas(5, 3);
    for (const x of [0, 4]) for (const y of [0, 4]) canvas.paint(patch(8, x, y, 4, 255));
    expect(greys(canvas)).toEqual(Array(15).fill(255));
  });

  it('fits inside, never larger', () => {
    expect(fitInside({ width: 64, height: 64 }, { width: 80, height: 44 })).toEqual({
      width: 44,
      height: 44,
    });
    expect(fitInside({ width: 64, height: 64 }, { width: 200, height: 200 })).toEqual({
      width: 64,
      height: 64,
    });
    expect(fitInside({ width: 1000, height: 1 }, { width: 80, height: 44 })).toEqual({
      width: 80,
      height: 1,
    });
  });
});
