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

/** A part of the picture, in shares of its sides. */
export interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Timeline {
  readonly arrivals: readonly Arrival[];
  /** In the order in which they first appeared. A patch inside of one, as enlarging sends them, belongs to it. */
  readonly places: readonly Place[];
  /** Milliseconds until the first patch; undefined before. */
  readonly first: number | undefined;
  /** Milliseconds until the last arrival so far. */
  readonly last: number;
  /** Most noise that any patch had. */
  readonly noisiest: number;
  /** Every place has its final pixels. */
  readonly final: boolean;
  add(patch: ImageDelta, time: number): Arrival;
}

/** Of a side: less than half a pixel of any picture. */
const slack = 1e-6;

export function createTimeline(): Timeline {
  const arrivals: Arrival[] = [];
  const places: Place[] = [];
  /** By place: the parts of it that are final, and their areas. */
  const finished: Map<string, number>[] = [];
  let noisiest = 0;

  const isFinal = ({ width, height }: Place, index: number): boolean => {
    const area = [...finished[index]!.values()].reduce((sum, part) => sum + part, 0);
    return area >= width * height - slack;
  };
  return {
    arrivals,
    places,
    get first() {
      return arrivals[0]?.time;
    },
    get last() {
      return arrivals.at(-1)?.time ?? 0;
    },
    get noisiest() {
      return noisiest;
    },
    get final() {
      return places.every(isFinal);
    },
    add(delta, time) {
      const { revision, sigma } = delta;
      const own = placeOf(delta);
      const found = places.findIndex((place) => holds(place, own));
      const patch = found >= 0 ? found : places.push(own) - 1;
      finished[patch] ??= new Map();
      const key = Object.values(own).join();
      if (sigma > 0) finished[patch].delete(key);
      else finished[patch].set(key, own.width * own.height);
      noisiest = Math.max(noisiest, sigma);
      const arrival = { patch, revision, sigma, time };
      arrivals.push(arrival);
      return arrival;
    },
  };
}

/** Where a patch lies, whatever the size of the picture: a quarter is a quarter. */
export function placeOf({
  rectangle,
  width,
  height,
}: Pick<ImageDelta, 'rectangle' | 'width' | 'height'>): Place {
  return {
    left: rectangle.x / width,
    top: rectangle.y / height,
    width: rectangle.width / width,
    height: rectangle.height / height,
  };
}

function holds(outer: Place, inner: Place): boolean {
  return (
    inner.left >= outer.left - slack &&
    inner.top >= outer.top - slack &&
    inner.left + inner.width <= outer.left + outer.width + slack &&
    inner.top + inner.height <= outer.top + outer.height + slack
  );
}

/** Round times from 0 to `last` milliseconds, six at most: 3016 → 0, 1000, 2000, 3000. */
export function ticksOf(last: number): number[] {
  if (last <= 0) return [0];
  const power = 10 ** Math.floor(Math.log10(last / 5));
  const step = power * ([1, 2, 5, 10].find((times) => last / (times * power) <= 5) ?? 10);
  return Array.from({ length: Math.floor(last / step) + 1 }, (_, index) => index * step);
}
