/**
 * Random sequences of every modality, for calibration where none are given: ids drawn evenly, so that every row of
 * every table is likely to be seen, and what an understanding encoder made of pictures of rectangles or of chords. Pure.
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

/** `embedded`: by modality, the embeddings of pictures or sounds, one of which may stand in for ids. */
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

/** `<s>`, then segments of each modality in turn, as many as fit; the sequence's own embeddings come once. */
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
    const own = shown.has(modality.name) ? undefined : embedded.get(modality.name)?.[index];
    const body = own ? embeddingRun(config, modality, own, segment) : idRun(modality, segment, random);
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
  const books = modality.tokenizer.kind === 'sound-codec' ? modality.size / modality.tokenizer.codes : 1;
  const size = modality.size / books;
  const ids = Uint32Array.from({ length: count }, (_, i) => (i % books) * size + Math.floor(random() * size));
  return { port: modality.name, ids, place: { segment, start: 0, layout: layoutOf(modality, false), shape } };
}

function embeddingRun(
  { decoder }: Config,
  modality: Modality,
  embeddings: Float32Array,
  segment: number,
): Run {
  const { encoder } = modality;
  const shape: Shape =
    encoder?.kind === 'patch-vit'
      ? { kind: 'grid', rows: encoder.grid[0], columns: encoder.grid[1] }
      : { kind: 'line' };
  const place = { segment, start: 0, layout: layoutOf(modality, true), shape };
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

/** `count` samples in −1…1 at 16 kHz: a chord that fades, each note with a few harmonics, over some noise. */
export function randomSound(count: number, random: Random): Float32Array {
  const sound = new Float32Array(count);
  for (let note = 0; note < 3; note++) {
    const step = (2 * Math.PI * 80 * 2 ** (4 * random())) / 16_000; // 80 to 1280 Hz
    const fading = 1 + 6 * random();
    for (let i = 0; i < count; i++) {
      const loudness = 0.15 * Math.exp((-fading * i) / count);
      for (let harmonic = 1; harmonic <= 4; harmonic++)
        sound[i]! += (loudness / harmonic) * Math.sin(step * harmonic * i);
    }
  }
  const noise = 0.1 * random();
  return sound.map((sample) => Math.max(-1, Math.min(1, sample + noise * (random() - 0.5))));
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
