/**
 * Embedding tables as files: `[ids, width]` row-major, little endian, without a header.
 */
import { writeFile } from 'node:fs/promises';
import { inHalves } from '../quantize/matrix.ts';

export type TableType = 'float32' | 'float16';

export async function writeTable(path: string, table: Float32Array, type: TableType): Promise<void> {
  const data = type === 'float16' ? await inHalves(table) : table;
  await writeFile(path, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}
