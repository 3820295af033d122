/**
 * A graph of a bundle, `x.onnx` and `x.onnx.data`, as the model it was written from: the opposite of `save.ts`.
 * Constants are read when they are asked for.
 */
import { open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AnyToAnyError } from '@any-to-any/core';
import { decodeModel } from './decode.ts';
import { elementBytes, type Initializer, type Model, type Placed } from './model.ts';

/** Throws BUNDLE_INVALID. The data file has to stay where it is while the model is used. */
export async function openModel(path: string): Promise<Model> {
  const { initializers, ...rest } = decodeModel(await readFile(path));
  return {
    ...rest,
    initializers: initializers.map(({ name, type, dims, placed }): Initializer => {
      const bytes = dims.reduce((product, side) => product * side, 1) * elementBytes[type];
      return { name, type, dims, bytes, load: () => load(dirname(path), placed) };
    }),
  };
}

async function load(directory: string, placed: Placed): Promise<Uint8Array> {
  if (placed.kind === 'inside') return placed.data;
  const path = join(directory, placed.file);
  const file = await open(path);
  try {
    const data = new Uint8Array(placed.length);
    const { bytesRead } = await file.read(data, 0, placed.length, placed.offset);
    if (bytesRead === placed.length) return data;
    throw new AnyToAnyError('BUNDLE_INVALID', `${path} ends early. Get the bundle again.`, { file: path });
  } finally {
    await file.close();
  }
}
