/**
 * Random sequences of every modality, for calibration where none are given: ids drawn evenly, so that every row of
 * every table is likely to be seen, and pictures of rectangles through the understanding encoder. Pure.
 */
import {
  createTokenSpace,
  gridLayout,
  type Layout,
  lineLayout,
  type Run,
  type Shape,
  type TokenSpace,
} from '@any-to-any/core';
import type { Config, Modality } from './config.ts';
import { describeSpace } from './manifest.ts';

export const sequenceCount = 8;

/** Positions of a sequence, where the context is not shorter: more of them would only take longer. */
const longest = 512;

/** 0 ≤ value < 1. */
export type Random = () => number;

/** `embedded`: by modality, the embeddings of pictures, one of which may stand in for ids. */
export function randomSequences(
  config: Config,
  embedded: ReadonlyMap<string, readonly Float32Array[]>,
  random: Random,
): Run[][] {
  const space = createTokenSpace(describeSpace(config));
  return Array.from({ length: sequenceCount }, (_, index) =>
    randomSequence(config, space, index, embedded, random),
  );
}

/** `<s>`, then segments of each modality in turn, as many as fit; the sequence's own picture comes once. */
function randomSequence(
  config: Config,
  space: TokenSpace,
  index: number,
  embedded: ReadonlyMap<string, readonly Float32Array[]>,
  random: Random,
): Run[] {
  const runs: Run[] = [mark(space.begin)];
  const shown = new Set<string>();
  let room = Math.min(config.decoder.context, longest) - 1;
  for (let segment = 0; ; segment++) {
    const modality = config.modalities[(index + segment) % config.modalities.length]!;
    const picture = shown.has(modality.name) ? undefined : embedded.get(modality.name)?.[index];
    const body =
      picture && modality.encoder
        ? embeddingRun(config, modality, modality.encoder.grid, picture, segment)
        : idRun(modality, segment, random);
    shown.add(modality.name);
    room -= ('embeddings' in body ? body.count : body.ids.length) + 2;
    if (room < 0) return runs;
    const { open, close } = space.region(modality.name);
    runs.push(mark(open), body, mark(close));
  }
}

function mark(id: number): Run {
  return { port: 'marks', ids: Uint32Array.of(id) };
}

function idRun(modality: Modality, segment: number, random: Random): Run {
  const shape = randomShape(modality, random);
  const count = shape.kind === 'grid' ? shape.rows * shape.columns : 1 + Math.floor(random() * 48);
  const ids = Uint32Array.from({ length: count }, () => Math.floor(random() * modality.size));
  return { port: modality.name, ids, place: { segment, start: 0, layout: layoutOf(modality, false), shape } };
}

function embeddingRun(
  { decoder }: Config,
  modality: Modality,
  [rows, columns]: readonly [number, number],
  embeddings: Float32Array,
  segment: number,
): Run {
  const place = {
    segment,
    start: 0,
    layout: layoutOf(modality, true),
    shape: { kind: 'grid', rows, columns },
  } as const;
  return { port: modality.name, embeddings, count: embeddings.length / decoder.width, place };
}

function randomShape({ tokenizer }: Modality, random: Random): Shape {
  if (tokenizer.kind !== 'vq') return { kind: 'line' };
  const [rows, columns] = tokenizer.grids[Math.floor(random() * tokenizer.grids.length)]!;
  return { kind: 'grid', rows, columns };
}

/** Only the plugin knows its buckets: calibration goes without a bias between its positions. */
const withoutBuckets: Layout = { kind: 'line', buckets: 0, bucket: () => 0, count: () => undefined };

/** Embeddings stand in plain raster order, ids in blocks. */
function layoutOf({ layout }: Modality, raster: boolean): Layout {
  if (layout.kind === 'plugin') return withoutBuckets;
  return layout.kind === 'line'
    ? lineLayout(layout)
    : gridLayout({ clip: layout.clip, block: raster ? 1 : layout.block });
}

/** Planes `[3, side, side]` in −1…1: a background and a few rectangles, each of one colour. */
export function randomPicture(side: number, random: Random): Float32Array {
  const picture = new Float32Array(3 * side * side);
  const fill = (top: number, left: number, bottom: number, right: number): void => {
    for (let channel = 0; channel < 3; channel++) {
      const value = random() * 2 - 1;
      for (let row = top; row < bottom; row++) {
        const start = (channel * side + row) * side;
        picture.fill(value, start + left, start + right);
      }
    }
  };
  fill(0, 0, side, side);
  for (let i = 0; i < 6; i++) {
    const [a, b, c, d] = [random(), random(), random(), random()].map((value) => Math.round(value * side));
    fill(Math.min(a!, b!), Math.min(c!, d!), Math.max(a!, b!), Math.max(c!, d!));
  }
  return picture;
}

/** Marsaglia's xorshift32 (2003): the same seed, never 0, gives the same values. */
export function xorshift(seed: number): Random {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
