/**
 * Timeline: when each patch of a picture reached each revision. Pure; drawn by `timeline-view.ts`.
 */
import type { ImageDelta } from '@any-to-any/core';

export interface Arrival {
  /** Counts the places of the picture in the order in which they first appeared. */
  readonly patch: number;
  readonly revision: number;
  readonly sigma: number;
  /** Milliseconds since the generation began. */
  readonly time: number;
}

export interface Timeline {
  readonly arrivals: readonly Arrival[];
  readonly patches: number;
  /** Milliseconds until the first patch; undefined before. */
  readonly first: number | undefined;
  /** Milliseconds until the last arrival so far. */
  readonly last: number;
  /** Every place has its final patch. */
  readonly final: boolean;
  add(patch: ImageDelta, time: number): Arrival;
}

export function createTimeline(): Timeline {
  const arrivals: Arrival[] = [];
  const places = new Map<string, number>();
  const open = new Set<number>();
  return {
    arrivals,
    get patches() {
      return places.size;
    },
    get first() {
      return arrivals[0]?.time;
    },
    get last() {
      return arrivals.at(-1)?.time ?? 0;
    },
    get final() {
      return open.size === 0;
    },
    add({ rectangle, width, height, revision, sigma }, time) {
      const { x, y } = rectangle;
      const key = `${x / width},${y / height},${rectangle.width / width},${rectangle.height / height}`;
      const patch = places.get(key) ?? places.size;
      places.set(key, patch);
      if (sigma > 0) open.add(patch);
      else open.delete(patch);
      const arrival = { patch, revision, sigma, time };
      arrivals.push(arrival);
      return arrival;
    },
  };
}
