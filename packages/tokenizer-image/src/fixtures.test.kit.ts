/**
 * What the tests share: the small graphs and goldens of `../fixtures` (written by its `make.py`), and pictures.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type Device,
  type Graph,
  type ImageContent,
  openDevice,
  openGraph,
  type Port,
} from '@any-to-any/core';
import { afterAll } from 'vitest';
import { readEncoderOptions, readTokenizerOptions } from './options.ts';
import type { IdGrid } from './vq/region.ts';

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

/** What PyTorch made of `scene.png` and of `ids`; `decoded` is `[3, 64, 64]`. */
export interface Golden {
  readonly encoded: readonly number[];
  readonly ids: readonly number[];
  readonly embeddings: readonly number[];
  readonly decoded: Float32Array;
}

export function golden(): Golden {
  const bytes = readFileSync(fixture('decoded.f32'));
  const decoded = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return { ...JSON.parse(readFileSync(fixture('golden.json'), 'utf8')), decoded };
}

let device: Promise<Device> | undefined;

/** Opens a graph of the fixtures; it is closed after the last test of the file. */
export async function fixtureGraph(name: string): Promise<Graph> {
  device ??= openDevice({ threads: 1 });
  return openGraph(await device, fixture(name));
}

afterAll(async () => (await device)?.close());

/** The options a manifest would give for the fixtures. */
export const rawTokenizer = {
  kind: 'vq',
  factor: 8,
  size: 64,
  clip: 7,
  block: 2,
  halo: 4,
  grids: [
    [8, 8],
    [4, 8],
  ],
  encode: 'image-encode.onnx',
  decode: 'image-decode.onnx',
};
export const rawEncoder = {
  kind: 'patch-vit',
  side: 64,
  grid: [4, 4],
  width: 32,
  clip: 7,
  graph: 'image-understand.onnx',
};
export const tokenizerOptions = readTokenizerOptions(rawTokenizer);
export const encoderOptions = readEncoderOptions(rawEncoder);

export function fixturePort(options: Port['options']): Port {
  return { options, files: { read: async (path) => readFileSync(fixture(path)), graph: fixtureGraph } };
}

/** Ids that look random and are the same each time. */
export function someIds(rows: number, columns: number, size = 64): IdGrid {
  const ids = Int32Array.from(
    { length: rows * columns },
    (_, index) => (index * index * 31 + index * 17) % size,
  );
  return { ids, rows, columns };
}

export function filled(width: number, height: number, colour: readonly number[]): ImageContent {
  const data = new Uint8Array(width * height * 4);
  for (let index = 0; index < data.length; index++) data[index] = colour[index % 4]!;
  return { modality: 'image', width, height, data };
}

/** RGBA of one pixel. */
export function pixelAt(image: ImageContent, x: number, y: number): number[] {
  const from = (y * image.width + x) * 4;
  return [...image.data.subarray(from, from + 4)];
}

/** A graph that counts its runs and the ids of each. */
export function counted(graph: Graph): Graph & { readonly windows: number[] } {
  const windows: number[] = [];
  return {
    ...graph,
    windows,
    run(feeds, signal) {
      windows.push(feeds['ids']?.data.length ?? 0);
      return graph.run(feeds, signal);
    },
  };
}
