/**
 * One enlargement of a picture: what of it has come, and which tiles have all they see. The next one enlarges what this
 * one made. Holds the state, runs nothing.
 */
import type { Rectangle } from '@any-to-any/core';
import { type Canvas, emptyCanvas, putPixels } from '../picture/canvas.ts';
import { cutPixels } from '../picture/delta.ts';
import { patchGrid } from '../picture/grid.ts';
import type { Planes } from './network.ts';
import { shared, type Tile, type TileSizes, tilesOf } from './tiles.ts';

/** A tile that goes through the network. */
export interface Job {
  readonly tile: Tile;
  readonly pixels: Planes;
  /** False once what the tile sees has changed. */
  readonly isWanted: () => boolean;
}

export interface Pass {
  readonly canvas: Canvas;
  /** Puts pixels `[3, rectangle.height, stride]` of a rectangle. */
  put(rectangle: Rectangle, pixels: Float32Array, stride: number, isExact: boolean): void;
  /** From now on what has come is all there is. */
  complete(): void;
  /** How many tiles could go through the network. */
  readonly due: number;
  take(): Job | undefined;
}

interface State {
  readonly tile: Tile;
  /** Pixels of what it sees that are not exact. */
  missing: number;
  /** Whether any pixel that it sees has come. */
  isBegun: boolean;
  /** Rises with every change of what it sees. */
  version: number;
  asked: number;
}

/** `side`: of the patches of the canvas. */
export function createPass(width: number, height: number, side: number, sizes: TileSizes): Pass {
  const canvas = emptyCanvas(patchGrid(width, height, side));
  const exact = new Uint8Array(width * height);
  let isComplete = false;
  const states = tilesOf(width, height, sizes).map(
    (tile): State => ({
      tile,
      missing: tile.outer.width * tile.outer.height,
      isBegun: false,
      version: 0,
      asked: 0,
    }),
  );
  const isDue = ({ missing, isBegun, version, asked }: State): boolean =>
    version !== asked && (missing === 0 || (isComplete && isBegun));
  /** Pixels of a rectangle that are exact. */
  const count = ({ x, y, width: across, height: down }: Rectangle): number => {
    let sum = 0;
    for (let row = y; row < y + down; row++)
      for (let column = x; column < x + across; column++) sum += exact[row * width + column]!;
    return sum;
  };
  return {
    canvas,
    put(rectangle, pixels, stride, isExact) {
      const isChanged = putPixels(canvas, rectangle, pixels, stride);
      for (const state of states) {
        const common = shared(state.tile.outer, rectangle);
        if (common === undefined) continue;
        const before = count(common);
        const after = isExact ? common.width * common.height : 0;
        state.missing += before - after;
        state.isBegun = true;
        if (isChanged || before !== after || state.version === 0) state.version++;
      }
      for (let row = rectangle.y; row < rectangle.y + rectangle.height; row++) {
        const from = row * width + rectangle.x;
        exact.fill(isExact ? 1 : 0, from, from + rectangle.width);
      }
    },
    complete() {
      isComplete = true;
    },
    get due() {
      return states.filter(isDue).length;
    },
    take() {
      const state = states.find(isDue);
      if (state === undefined) return undefined;
      state.asked = state.version;
      const { tile, asked } = state;
      const { outer } = tile;
      const data = cutPixels(canvas.pixels, { x: 0, y: 0, width, height }, outer);
      return {
        tile,
        pixels: { width: outer.width, height: outer.height, data },
        isWanted: () => state.version === asked,
      };
    },
  };
}
