/**
 * Writes a model as `x.onnx` and its larger constants as `x.onnx.data`, which ONNX Runtime maps instead of reading
 * when the model is opened by path. One constant is in memory at a time.
 */
import { open, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { AnyToAnyError, throwIfAborted } from '@any-to-any/core';
import { encodeModel } from './encode.ts';
import type { Initializer, Model, Placed } from './model.ts';

export interface SaveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after each constant. */
  readonly onTensor?: ((name: string, bytes: number) => void) | undefined;
}

/** Constants below this many bytes stay inside the model; shape inference needs to see the small ones. */
const insideBelow = 1024;
/** Pages: a mapped constant begins on one. */
const alignment = 4096;

/** Returns the paths written: the model, and the data file if there is one. */
export async function saveModel(model: Model, path: string, options: SaveOptions = {}): Promise<string[]> {
  const dataPath = `${path}.data`;
  const large = model.initializers.some(({ bytes }) => bytes >= insideBelow);
  const placed = large ? await writeData(model, dataPath, options) : await placeInside(model, options);
  await writeFile(path, encodeModel(model, placed));
  return large ? [path, dataPath] : [path];
}

/** The whole model in one array: for small models and tests. */
export async function modelBytes(model: Model): Promise<Uint8Array> {
  return encodeModel(model, await placeInside(model, {}));
}

async function writeData(model: Model, path: string, { signal, onTensor }: SaveOptions): Promise<Placed[]> {
  const placed: Placed[] = [];
  const file = await open(path, 'w');
  try {
    let end = 0;
    for (const initializer of model.initializers) {
      throwIfAborted(signal, 'compile');
      const data = await load(initializer);
      if (initializer.bytes < insideBelow) {
        placed.push({ kind: 'inside', data });
      } else {
        const offset = Math.ceil(end / alignment) * alignment;
        await writeAt(file, data, offset);
        end = offset + data.length;
        placed.push({ kind: 'beside', file: basename(path), offset, length: data.length });
      }
      onTensor?.(initializer.name, data.length);
    }
  } finally {
    await file.close();
  }
  return placed;
}

async function placeInside(model: Model, { signal, onTensor }: SaveOptions): Promise<Placed[]> {
  const placed: Placed[] = [];
  for (const initializer of model.initializers) {
    throwIfAborted(signal, 'compile');
    placed.push({ kind: 'inside', data: await load(initializer) });
    onTensor?.(initializer.name, initializer.bytes);
  }
  return placed;
}

async function load(initializer: Initializer): Promise<Uint8Array> {
  const view = await initializer.load();
  if (view.byteLength !== initializer.bytes) {
    throw new AnyToAnyError(
      'SHAPE_MISMATCH',
      `Initialiser "${initializer.name}": ${initializer.type} [${initializer.dims}] takes ${initializer.bytes} bytes, its data has ${view.byteLength}.`,
    );
  }
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** One write call may take less than it is given. */
async function writeAt(
  file: {
    write: (
      data: Uint8Array,
      offset: number,
      length: number,
      position: number,
    ) => Promise<{ bytesWritten: number }>;
  },
  data: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < data.length; ) {
    const length = Math.min(64 * 1024 * 1024, data.length - done);
    done += (await file.write(data, done, length, position + done)).bytesWritten;
  }
}
