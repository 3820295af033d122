/**
 * Writes a model as `x.onnx` and its larger constants as `x.onnx.data`, which ONNX Runtime maps instead of reading
 * when the model is opened by path. One constant is in memory at a time, of a large one a piece.
 */
import { open, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { AnyToAnyError, throwIfAborted } from '@any-to-any/core';
import { encodeModel } from './encode.ts';
import type { Initializer, Model, Placed } from './model.ts';

export interface SaveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes that were written of a constant, a large one more than once. */
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
      if (initializer.bytes < insideBelow) {
        const data = await load(initializer);
        placed.push({ kind: 'inside', data });
        onTensor?.(initializer.name, data.length);
        continue;
      }
      const offset = Math.ceil(end / alignment) * alignment;
      end = offset;
      for await (const data of piecesOf(initializer)) {
        throwIfAborted(signal, 'compile');
        await writeAt(file, data, end);
        end += data.length;
        onTensor?.(initializer.name, data.length);
      }
      checkSize(initializer, end - offset);
      placed.push({ kind: 'beside', file: basename(path), offset, length: end - offset });
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

async function* piecesOf(initializer: Initializer): AsyncGenerator<Uint8Array, void, undefined> {
  if (initializer.pieces === undefined) yield load(initializer);
  else for await (const piece of initializer.pieces()) yield bytesOf(piece);
}

async function load(initializer: Initializer): Promise<Uint8Array> {
  const view = await initializer.load();
  checkSize(initializer, view.byteLength);
  return bytesOf(view);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function checkSize({ name, type, dims, bytes }: Initializer, found: number): void {
  if (found === bytes) return;
  throw new AnyToAnyError(
    'SHAPE_MISMATCH',
    `Initialiser "${name}": ${type} [${dims}] takes ${bytes} bytes, its data has ${found}.`,
  );
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
