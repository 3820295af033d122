import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bundle } from '../bundle/open.ts';
import { halfToFloat, openTable } from './tables.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'any-to-any-tables-'));
});
afterAll(() => rm(root, { recursive: true }));

/** What `openTable` looks at of a bundle. */
async function bundleWith(name: string, data: Uint16Array | Float32Array, rows: number): Promise<Bundle> {
  const path = join(root, name);
  const bytes = new Uint8Array(data.buffer);
  await writeFile(path, bytes);
  const type = data instanceof Uint16Array ? 'float16' : 'float32';
  return {
    path: () => path,
    read: async () => bytes.slice(),
    manifest: {
      ports: { text: { table: { file: name, type, rows } } },
      files: { [name]: { bytes: bytes.length, sha256: '' } },
    },
  } as unknown as Bundle; // only what is above is read
}

describe.each([
  ['in memory', undefined],
  ['in its file', 1],
])('a table %s', (name, heldBelow) => {
  const rows = 5;
  const width = 4;
  it('of 16-bit floats gives every row, and refuses others', async () => {
    const data = Uint16Array.from({ length: rows * width }, (_, at) => 0x3c00 + (at % 977));
    const table = await openTable(await bundleWith(`halves ${name}`, data, rows), 'text', width, heldBelow);
    const target = new Float32Array(width + 2);
    for (const id of [0, rows - 1, 1]) {
      table.write(id, target, 1);
      expect(target[0]).toBe(0);
      expect([...target.subarray(1, width + 1)]).toEqual(
        [...data.subarray(id * width, (id + 1) * width)].map(halfToFloat),
      );
      expect(target[width + 1]).toBe(0);
    }
    for (const id of [-1, rows, 0.5]) expect(() => table.write(id, target, 0)).toThrow(/ID_OUT_OF_RANGE/);
    table.close();
    table.close();
  });

  it('of 32-bit floats', async () => {
    const data = Float32Array.from({ length: rows * width }, (_, at) => at / 8);
    const table = await openTable(await bundleWith(`floats ${name}`, data, rows), 'text', width, heldBelow);
    const target = new Float32Array(width);
    table.write(2, target, 0);
    expect([...target]).toEqual([...data.subarray(2 * width, 3 * width)]);
    table.close();
  });
});

it('a size that does not fit is an error', async () => {
  const bundle = await bundleWith('odd', new Float32Array(7), 2);
  await expect(openTable(bundle, 'text', 4)).rejects.toThrow(/SHAPE_MISMATCH.*32 bytes, but has 28/);
});

it('a file that shrinks while it is open is an error', async () => {
  const bundle = await bundleWith('short', new Float32Array(20), 5);
  const table = await openTable(bundle, 'text', 4, 1);
  await truncate(bundle.path('short'), 56);
  expect(() => table.write(3, new Float32Array(4), 0)).toThrow(/BUNDLE_HASH_MISMATCH.*shorter/);
  table.close();
});
