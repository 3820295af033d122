/**
 * Ids as they come → whole pictures, for decoders in which every pixel depends on every id (attention, group norm).
 * Now and then what has come is decoded as a preview; the last picture is the decode of all ids, exactly.
 */
import { type DecodeOptions, type Graph, type ImageDelta, throwIfAborted } from '@any-to-any/core';
import { rgbaOf } from '../picture/fit.ts';
import type { Previews } from './decode.ts';
import { type Filling, fillGrid } from './filling.ts';
import { checkFactor, type IdGrid, runDecoder } from './region.ts';

export interface GlobalSettings {
  readonly graph: Graph;
  readonly size: number;
  readonly factor: number;
  /** Ids between two previews, at least. */
  readonly every: number;
  readonly previews: Previews;
}

type Arrival = { readonly next: IteratorResult<number> } | { readonly preview: ImageDelta };

/**
 * Ids go on being taken while a preview is decoded. There is never more than one under way: the next begins when the
 * consumer has taken the last one and `every` more ids have come, and one that is overtaken by the last id is stopped.
 * Throws ID_OUT_OF_RANGE, SHAPE_MISMATCH and ABORTED as the local decoder does.
 */
export async function* decodeGlobally(
  ids: AsyncIterable<number>,
  { shape, signal }: DecodeOptions,
  settings: GlobalSettings,
): AsyncGenerator<ImageDelta> {
  const { graph, size, every, previews } = settings;
  const filling = fillGrid(shape, 1, size);
  const { grid } = filling;
  const total = grid.rows * grid.columns;
  const source = ids[Symbol.asyncIterator]();
  const stop = new AbortController();
  const stopped = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const pull = (): Promise<Arrival> => watched(source.next().then((next) => ({ next })));
  let preview: Promise<Arrival> | undefined;
  let revision = 0;
  let shown = 0;
  try {
    let next = pull();
    for (;;) {
      const arrival = await Promise.race(preview === undefined ? [next] : [next, preview]);
      throwIfAborted(signal, 'decode');
      if ('preview' in arrival) {
        preview = undefined;
        yield arrival.preview;
        continue;
      }
      if (arrival.next.done === true) break;
      filling.put(arrival.next.value);
      if (previews === 'draft' && preview === undefined && isDue(filling, shown + every, total)) {
        shown = filling.count;
        const sigma = 1 - shown / total;
        const step = { revision: revision++, sigma };
        preview = watched(
          frame(graph, guess(filling), settings, step, stopped).then((delta) => ({ preview: delta })),
        );
      }
      next = pull();
    }
    filling.checkFull();
    stop.abort();
    const last = await frame(graph, grid, settings, { revision, sigma: 0 }, signal);
    throwIfAborted(signal, 'decode');
    yield { ...last, ids: Uint32Array.from(grid.ids) };
  } finally {
    stop.abort();
    await preview?.catch(() => undefined);
    await source.return?.();
  }
}

/** It is awaited later; until then its error counts as seen. */
function watched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** After the last id the picture itself comes. */
function isDue({ count }: Filling, due: number, total: number): boolean {
  return count >= due && count < total;
}

/**
 * What is there, and below it, for what is missing, the id above. In a row that has begun, its last id to the end.
 * Under 3 columns, 4 of 9 ids `a b c d` → `a b c / d d d / d d d`.
 */
export function guess({ grid: { ids, rows, columns }, count }: Filling): IdGrid {
  const guessed = ids.slice();
  const begun = Math.ceil(count / columns) * columns;
  guessed.fill(ids[count - 1]!, count, begun);
  for (let at = begun; at < guessed.length; at++) guessed[at] = guessed[at - columns]!;
  return { ids: guessed, rows, columns };
}

async function frame(
  graph: Graph,
  grid: IdGrid,
  { factor }: GlobalSettings,
  { revision, sigma }: { revision: number; sigma: number },
  signal: AbortSignal | undefined,
): Promise<ImageDelta> {
  const pixels = await runDecoder(graph, grid, signal);
  checkFactor(pixels, grid.columns, factor);
  const { width, height } = pixels;
  const rectangle = { x: 0, y: 0, width, height };
  return {
    modality: 'image',
    width,
    height,
    rectangle,
    data: rgbaOf(pixels, 0, 0, width, height),
    revision,
    sigma,
  };
}
