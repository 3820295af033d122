/**
 * What the tests of the upsampler share: the random network of `../../fixtures` (see its `make.mjs`), and what it makes of
 * a whole picture in one run.
 */
import { type Graph, type ImageDelta, openDevice, openGraph, type Tensor } from '@any-to-any/core';
import { afterAll } from 'vitest';
import { fixture, type Picture, patchesOf, somePicture } from '../fixtures.test.kit.ts';
import type { UpsamplerOptions } from '../options.ts';

let opened: ReturnType<typeof openDevice> | undefined;

export async function upsamplerGraph(): Promise<Graph> {
  opened ??= openDevice({ threads: 1 });
  return openGraph(await opened, fixture('image-upsampler.onnx'));
}

afterAll(async () => (await opened)?.close());

/** Overlaps of 12 are beyond what the network sees, so tiles equal the whole. */
export const upsampler: UpsamplerOptions = {
  kind: 'upsampler',
  graph: 'image-upsampler.onnx',
  scale: 2,
  window: 4,
  reach: 9,
  tile: 8,
  overlap: 12,
};

/** RGBA → RGBA, `2 ** passes` times as large: all of it in one run, as often. */
export async function wholeUpsampled(
  graph: Graph,
  { width, height, data }: Pick<Picture, 'width' | 'height' | 'data'>,
  passes: number,
): Promise<Uint8Array> {
  let image: Tensor = {
    data: Float32Array.from({ length: 3 * width * height }, (_, i) => {
      return data[4 * (i % (width * height)) + Math.floor(i / (width * height))]! / 255;
    }),
    dims: [1, 3, height, width],
  };
  for (let pass = 0; pass < passes; pass++) {
    const { large } = await graph.run({ image });
    const values = large!.data as Float32Array; // the graph says float32
    image = { ...large!, data: values.map((value) => Math.max(0, Math.min(1, value))) };
  }
  const plane = image.data.length / 3;
  return Uint8Array.from({ length: 4 * plane }, (_, i) => {
    return i % 4 === 3 ? 255 : Math.round(Number(image.data[(i % 4) * plane + Math.floor(i / 4)]) * 255);
  });
}

/** As the tokenizer sends them: drafts of another picture, with the exact patches of `somePicture` in between. */
export function streamed(width: number, height: number): ImageDelta[] {
  const exacts = patchesOf(somePicture(width, height), 1, 0);
  const drafts = patchesOf(somePicture(width, height, 5), 0, 0.5);
  return drafts.flatMap((patch, i) => (i < 3 ? [patch] : [patch, exacts[i - 3]!])).concat(exacts.slice(-3));
}

/** Twice as large by repeating pixels; keeps the sizes of what it was asked, and runs `before` it answers. */
export function fakeUpsampler(before: (signal?: AbortSignal) => Promise<void> = async () => {}) {
  const sizes: string[] = [];
  const graph: Graph = {
    inputs: ['image'],
    outputs: ['large'],
    close: () => {},
    async run({ image }, signal) {
      const [, , height, width] = image!.dims as [number, number, number, number]; // the adapter hands in four
      sizes.push(`${width} × ${height}`);
      await before(signal);
      const large = Float32Array.from({ length: 12 * width * height }, (_, i) => {
        const [y, x] = [Math.floor(i / (2 * width)) % (2 * height), i % (2 * width)];
        const channel = Math.floor(i / (4 * width * height));
        return Number(image!.data[(channel * height + Math.floor(y / 2)) * width + Math.floor(x / 2)]);
      });
      return { large: { data: large, dims: [1, 3, 2 * height, 2 * width] } };
    },
  };
  return { graph, sizes };
}
