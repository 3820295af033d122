/**
 * What the tests share: the random patch stage of `../fixtures` (see its `make.mjs`), pictures in patches, and the
 * whole-picture way of doing what the adapter does patch by patch.
 */
import { fileURLToPath } from 'node:url';
import {
  type Delta,
  type Device,
  type Graph,
  type ImageDelta,
  openDevice,
  openGraph,
  type Tensor,
} from '@any-to-any/core';
import { afterAll, expect } from 'vitest';
import type { PatchesOptions } from './options.ts';
import { sigmasOf } from './schedule.ts';

export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

let device: Promise<Device> | undefined;

export async function fixtureGraph(path = fixture('image-patches.onnx')): Promise<Graph> {
  device ??= openDevice({ threads: 1 });
  return openGraph(await device, path);
}

afterAll(async () => (await device)?.close());

/** A patch stage that changes nothing; keeps the noise of the patches of every call, and runs `before` it answers. */
export function fakeGraph(before: (signal?: AbortSignal) => Promise<void> = async () => {}) {
  const steps: number[][] = [];
  const graph: Graph = {
    inputs: [],
    outputs: [],
    close: () => {},
    async run({ state, sigma, double, quadruple }, signal) {
      const count = sigma!.data.length;
      steps.push(Array.from(sigma!.data, Number));
      await before(signal);
      const sharp = new Float32Array(count * 768);
      for (let i = 0; i < count * 48; i++) {
        const from = (Math.floor(i / 16) * 24 + (i % 16) + 4) * 24 + 4;
        sharp.set((state!.data as Float32Array).subarray(from, from + 16), i * 16); // the adapter hands in floats
      }
      const black = (which: Tensor | undefined, side: number): Tensor => {
        const dims = [which!.data.length, 3, side, side];
        return { data: new Float32Array(which!.data.length * 3 * side ** 2), dims };
      };
      const larger = { twofold: black(double, 32), fourfold: black(quadruple, 64) };
      return { sharp: { data: sharp, dims: [count, 3, 16, 16] }, ...larger };
    },
  };
  return { graph, steps };
}

export const options: PatchesOptions = {
  kind: 'patches',
  graph: 'image-patches.onnx',
  side: 16,
  halo: 4,
  factor: 8,
  codes: 16,
  schedule: { kind: 'log-linear', from: 0.5, to: 0.05, steps: 3 },
  scale: 1,
  stop: 0,
};

/** The same number in 0…1 for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) >>> 0;
    return state / 2 ** 32;
  };
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** `[rows, columns]` of 8 px. */
  readonly ids: Uint32Array;
}

/** Soft colours with an edge here and there, and ids that look random. */
export function somePicture(width: number, height: number, seed = 1): Picture {
  const random = randomOf(seed);
  const waves = Array.from({ length: 9 }, () => random() * 0.6);
  const data = Uint8Array.from({ length: width * height * 4 }, (_, i) => {
    const [x, y, channel] = [Math.floor(i / 4) % width, Math.floor(i / 4 / width), i % 4];
    if (channel === 3) return 255;
    const edge = x > width / 3 && y > height / 2 ? 30 : -30;
    return (
      128 + edge + 60 * Math.sin(x * waves[channel]! + y * waves[channel + 3]! + waves[channel + 6]! * 9)
    );
  });
  const count = Math.ceil(width / 8) * Math.ceil(height / 8);
  return { width, height, data, ids: Uint32Array.from({ length: count }, () => Math.floor(random() * 16)) };
}

export function patchOf(
  { width, height, data, ids }: Picture,
  x: number,
  y: number,
  revision: number,
  sigma: number,
): ImageDelta {
  const rectangle = { x, y, width: Math.min(16, width - x), height: Math.min(16, height - y) };
  const rows = Array.from({ length: rectangle.height }, (_, row) => {
    const from = ((y + row) * width + x) * 4;
    return [...data.subarray(from, from + rectangle.width * 4)];
  });
  const [across, down] = [Math.ceil(rectangle.width / 8), Math.ceil(rectangle.height / 8)];
  const under = Uint32Array.from({ length: across * down }, (_, i) => {
    return ids[(y / 8 + Math.floor(i / across)) * Math.ceil(width / 8) + x / 8 + (i % across)]!;
  });
  return {
    modality: 'image',
    width,
    height,
    rectangle,
    data: Uint8Array.from(rows.flat()),
    revision,
    sigma,
    ids: under,
  };
}

/** Every patch once, in raster order. */
export function patchesOf(picture: Picture, revision: number, sigma: number): ImageDelta[] {
  const found: ImageDelta[] = [];
  for (let y = 0; y < picture.height; y += 16) {
    for (let x = 0; x < picture.width; x += 16) found.push(patchOf(picture, x, y, revision, sigma));
  }
  return found;
}

/** Joins by "the latest revision of a rectangle wins": the picture of the largest size that came. */
export function joined(deltas: readonly Delta[]): Uint8Array {
  const patches = deltas as ImageDelta[]; // tests hand in deltas of pictures only
  const width = Math.max(...patches.map((patch) => patch.width));
  const height = Math.max(...patches.map((patch) => patch.height));
  const all = new Uint8Array(width * height * 4);
  for (const patch of [...patches].sort((a, b) => a.revision - b.revision)) {
    const scale = width / patch.width;
    const { rectangle } = patch;
    for (let y = rectangle.y * scale; y < (rectangle.y + rectangle.height) * scale; y++) {
      for (let x = rectangle.x * scale; x < (rectangle.x + rectangle.width) * scale; x++) {
        const row = Math.floor(y / scale) - rectangle.y;
        const column = Math.floor(x / scale) - rectangle.x;
        const from = (row * rectangle.width + column) * 4;
        all.set(patch.data.subarray(from, from + 4), (y * width + x) * 4);
      }
    }
  }
  return all;
}

export type Planes = (channel: number, y: number, x: number) => number;

/** One call for the whole picture: every patch with what surrounds it. Written apart from the adapter's own way. */
async function runAll(
  graph: Graph,
  draft: Planes,
  state: Planes,
  columns: number,
  rows: number,
  sigma: number,
  ids: (row: number, column: number) => number,
  unknown: number,
) {
  const count = columns * rows;
  const places = Array.from({ length: count }, (_, i) => [Math.floor(i / columns), i % columns] as const);
  const [width, height] = [columns * 16, rows * 16];
  const within = (value: number, size: number): number => Math.min(Math.max(value, 0), size - 1);
  const windows = (inner: Planes): Float32Array =>
    Float32Array.from({ length: count * 3 * 576 }, (_, at) => {
      const [patch, channel, wy, wx] = [
        Math.floor(at / 1728),
        Math.floor(at / 576) % 3,
        Math.floor(at / 24) % 24,
        at % 24,
      ];
      const [row, column] = places[patch]!;
      const [y, x] = [within(row * 16 + wy - 4, height), within(column * 16 + wx - 4, width)];
      const isInside = wy >= 4 && wy < 20 && wx >= 4 && wx < 20;
      return (isInside ? inner : draft)(channel, y, x);
    });
  const around = places.flatMap(([row, column]) =>
    Array.from({ length: 36 }, (_, i) => {
      const [y, x] = [2 * row - 2 + Math.floor(i / 6), 2 * column - 2 + (i % 6)];
      return y < 0 || x < 0 || y >= 2 * rows || x >= 2 * columns ? unknown : ids(y, x);
    }),
  );
  const every = { data: Int32Array.from(places.keys()), dims: [count] };
  const outputs = await graph.run({
    draft: { data: windows(draft), dims: [count, 3, 24, 24] },
    state: { data: windows(state), dims: [count, 3, 24, 24] },
    sigma: { data: new Float32Array(count).fill(sigma), dims: [count] },
    place: { data: Int32Array.from(places.flat()), dims: [count, 2] },
    ids: { data: Int32Array.from(around), dims: [count, 6, 6] },
    double: every,
    quadruple: every,
  });
  const planes = (name: string, side: number): Planes => {
    const data = outputs[name]!.data as Float32Array; // the graph says float32
    return (channel, y, x) => {
      const patch = Math.floor(y / side) * columns + Math.floor(x / side);
      return data[((patch * 3 + channel) * side + (y % side)) * side + (x % side)]!;
    };
  };
  return { 1: planes('sharp', 16), 2: planes('twofold', 32), 4: planes('fourfold', 64) };
}

export type StageOptions = Pick<PatchesOptions, 'schedule' | 'codes'>;

/** The whole picture through all steps at once, `scale` times as large, in −1…1 and not clipped: what every patch must come to. */
export async function wholePlanes(
  graph: Graph,
  picture: Picture,
  scale: 1 | 2 | 4,
  { schedule, codes }: StageOptions = options,
): Promise<Planes> {
  const { width, height, data } = picture;
  const draft: Planes = (channel, y, x) => data[(y * width + x) * 4 + channel]! / 127.5 - 1;
  const levels = sigmasOf(schedule);
  const id = (row: number, column: number): number => picture.ids[row * (width / 8) + column]!;
  let state = draft;
  let whole = draft;
  for (let step = 0; step < schedule.steps; step++) {
    const [before, share] = [state, levels[step + 1]! / levels[step]!];
    const made = await runAll(graph, draft, before, width / 16, height / 16, levels[step]!, id, codes);
    state = (channel, y, x) => {
      const clean = made[1](channel, y, x);
      return clean + share * (before(channel, y, x) - clean);
    };
    whole = made[scale];
  }
  return scale === 1 ? state : whole;
}

/** The same as RGBA. */
export async function wholePicture(
  graph: Graph,
  picture: Picture,
  scale: 1 | 2 | 4,
  stage: StageOptions = options,
): Promise<Uint8Array> {
  const { width, height } = picture;
  const result = await wholePlanes(graph, picture, scale, stage);
  return Uint8Array.from({ length: width * height * scale * scale * 4 }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / 4), i % 4];
    if (channel === 3) return 255;
    const value = result(channel, Math.floor(pixel / (width * scale)), pixel % (width * scale));
    return Math.max(0, Math.min(255, Math.round((value + 1) * 127.5)));
  });
}

/** Rounding may fall either way; anything more is another result. */
export function expectSame(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).toBe(expected.length);
  let largest = 0;
  let different = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    largest = Math.max(largest, difference);
    if (difference > 0) different++;
  }
  expect(largest).toBeLessThanOrEqual(1);
  expect(different / expected.length).toBeLessThan(1e-3);
}

/** As the tokenizer sends them: drafts, with exact patches in between. */
export function streamed(width: number, height: number): ImageDelta[] {
  const [draft, exact] = [somePicture(width, height, 5), somePicture(width, height)];
  const exacts = patchesOf({ ...exact, ids: draft.ids }, 1, 0);
  return patchesOf(draft, 0, 0.5)
    .flatMap((patch, i) => (i < 3 ? [patch] : [patch, exacts[i - 3]!]))
    .concat(exacts.slice(-3));
}

/** What `streamed` comes to before it is refined. */
export const exactOf = (width: number, height: number): Picture => ({
  ...somePicture(width, height),
  ids: somePicture(width, height, 5).ids,
});
