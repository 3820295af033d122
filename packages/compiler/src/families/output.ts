/**
 * The files of a bundle, described before any is written, so that progress knows its end.
 */
import { copyFile, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfAborted } from '@any-to-any/core';
import type { Model } from '../onnx/model.ts';
import type { LoadWeights } from '../onnx/pieces.ts';
import { piecesOf } from '../onnx/pieces.ts';
import { saveModel } from '../onnx/save.ts';
import { storeHalves } from '../quantize/halves.ts';
import { inHalves } from '../quantize/matrix.ts';
import type { FamilyJob } from './family.ts';
import type { TableType } from './table.ts';

export interface Output {
  /** Relative to the bundle. */
  readonly file: string;
  readonly bytes: number;
  /** Returns the paths it wrote. */
  write(path: string, job: FamilyJob, onBytes: (bytes: number) => void): Promise<readonly string[]>;
}

/** Writes all of them, in order; those that an interrupted compile completed stay as they are. */
export async function writeOutputs(job: FamilyJob, outputs: readonly Output[]): Promise<void> {
  const total = outputs.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { file, bytes: all, write } of outputs) {
    throwIfAborted(job.signal, 'compile');
    if (job.journal.has(file)) {
      job.onBytes(file, all, total, true);
      continue;
    }
    const written = await write(join(job.out, file), job, (bytes) => job.onBytes(file, bytes, total));
    await job.journal.complete(file, written);
  }
}

/** `halves`: its products keep their weights as 16-bit floats. */
export function graphOutput(file: string, built: Model, halves = false): Output {
  const model = halves ? storeHalves(built) : built;
  return {
    file,
    bytes: model.initializers.reduce((sum, { bytes }) => sum + bytes, 0),
    write: (path, { signal }, onTensor) =>
      saveModel(model, path, { signal, onTensor: (_, bytes) => onTensor(bytes) }),
  };
}

export function tableOutput(file: string, elements: number, load: LoadWeights, type: TableType): Output {
  const bytes = elements * (type === 'float16' ? 2 : 4);
  return {
    file,
    bytes,
    async write(path, { signal }, onBytes) {
      const file = await open(path, 'w');
      try {
        for await (const piece of piecesOf(load, elements)) {
          throwIfAborted(signal, 'compile');
          const data = type === 'float16' ? await inHalves(piece) : piece;
          await file.appendFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
          onBytes(data.byteLength);
        }
      } finally {
        await file.close();
      }
      return [path];
    },
  };
}

/** A small file that is in memory. */
export function dataOutput(file: string, data: Uint8Array): Output {
  return {
    file,
    bytes: data.length,
    async write(path, _, onBytes) {
      await writeFile(path, data);
      onBytes(data.length);
      return [path];
    },
  };
}

/** A file that is the same in checkpoint and bundle. */
export function copyOutput(file: string, bytes: number): Output {
  return {
    file,
    bytes,
    async write(path, { checkpoint }, onBytes) {
      await copyFile(join(checkpoint, file), path);
      onBytes(bytes);
      return [path];
    },
  };
}
