/**
 * For tests of upsamplers: the tiny random checkpoints of `fixtures/swin`, and their compiled networks as functions.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Device, openGraph } from '@any-to-any/core';
import { compile } from '../compile.ts';
import { openSafetensors } from '../safetensors/file.ts';
import { upsamplerFile } from './upsampler.ts';

export const swinFixtures = join(import.meta.dirname, '../../fixtures/swin');

/** `[1, 3, height, width]` in 0…1. */
export interface Picture {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

export interface OpenUpsampler {
  readonly options: Readonly<Record<string, unknown>>;
  enlarge(picture: Picture): Promise<Picture>;
  close(): void;
}

/** Compiles a checkpoint into `out` and opens what came of it. */
export async function openUpsampler(device: Device, checkpoint: string, out: string): Promise<OpenUpsampler> {
  await compile(checkpoint, out);
  const { adapter } = JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'));
  const graph = await openGraph(device, join(out, upsamplerFile));
  return {
    options: adapter.options,
    async enlarge(image) {
      const { large } = await graph.run({ image });
      return large as Picture; // the graph says float32
    },
    close: () => graph.close(),
  };
}

export interface UpsamplerCase {
  readonly name: string;
  readonly image: Picture;
  readonly large: Picture;
}

/** What the reference made of pictures with the checkpoint in `directory`. */
export async function readCases(directory: string): Promise<UpsamplerCase[]> {
  const reader = await openSafetensors(`${directory}.cases.safetensors`);
  const read = async (name: string): Promise<Picture> => ({
    data: await reader.read(name),
    dims: reader.tensors.get(name)!.shape,
  });
  const names = [...reader.tensors.keys()].filter((name) => name.startsWith('image.'));
  const cases = await Promise.all(
    names.map(async (name) => ({
      name,
      image: await read(name),
      large: await read(name.replace('image', 'large')),
    })),
  );
  await reader.close();
  return cases;
}

/** Soft waves with an edge. */
export function somePicture(height: number, width: number): Picture {
  const data = Float32Array.from({ length: 3 * height * width }, (_, i) => {
    const [channel, y, x] = [Math.floor(i / height / width), Math.floor(i / width) % height, i % width];
    return 0.5 + 0.3 * Math.sin(x * 0.7 + channel) * Math.cos(y * 0.4 - channel) + (x > width / 2 ? 0.1 : 0);
  });
  return { data, dims: [1, 3, height, width] };
}
