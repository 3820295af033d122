/**
 * Embedding tables as files: `[ids, width]` row-major, little endian, without a header.
 */
import { writeFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { toHalf } from '../safetensors/dtype.ts';

export type TableType = 'float32' | 'float16';

/** Elements converted between two turns of the event loop. */
const slice = 1 << 18;

export async function writeTable(path: string, table: Float32Array, type: TableType): Promise<void> {
  const data = type === 'float16' ? await halves(table) : table;
  await writeFile(path, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

async function halves(table: Float32Array): Promise<Uint16Array> {
  const result = new Uint16Array(table.length);
  for (let from = 0; from < table.length; from += slice) {
    result.set(toHalf(table.subarray(from, from + slice)), from);
    await setImmediate();
  }
  return result;
}
