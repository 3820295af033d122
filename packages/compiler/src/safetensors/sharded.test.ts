import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTensors } from './open.ts';
import { openSharded } from './sharded.ts';
import { writeSafetensors } from './write.ts';

let directory: string;
let index: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sharded-'));
  index = join(directory, 'model.safetensors.index.json');
  const tensor = (name: string, value: number) =>
    ({ name, dtype: 'F32', shape: [1], data: Float32Array.of(value) }) as const;
  await writeSafetensors(join(directory, 'one.safetensors'), [tensor('a', 1), tensor('b', 2)]);
  await writeSafetensors(join(directory, 'two.safetensors'), [tensor('c', 3)]);
  await writeSafetensors(join(directory, 'again.safetensors'), [tensor('c', 4)]);
});
afterAll(() => rm(directory, { recursive: true }));

async function writeIndex(weightMap: unknown): Promise<string> {
  await writeFile(index, JSON.stringify({ metadata: {}, weight_map: weightMap }));
  return index;
}

const whole = { a: 'one.safetensors', b: 'one.safetensors', c: 'two.safetensors' };

test('tensors come from the file the index names', async () => {
  await writeIndex(whole);
  const reader = await openTensors(directory, 'model');
  expect([...reader.tensors.keys()].sort()).toEqual(['a', 'b', 'c']);
  expect([...(await reader.read('b')), ...(await reader.read('c'))]).toEqual([2, 3]);
  await expect(reader.read('d')).rejects.toThrow(/CHECKPOINT_INVALID.*"d" is missing/);
  expect(await reader.readBytes('a')).toHaveLength(4);
  await reader.close();
});

describe('an index that is wrong', () => {
  test.each([
    '../one.safetensors',
    '/etc/one.safetensors',
    'deep/one.safetensors',
    'deep\\one.safetensors',
    'C:one.safetensors',
    '..',
    'one.bin',
    7,
  ])('file name %j', async (file) => {
    await expect(openSharded(await writeIndex({ ...whole, a: file }))).rejects.toThrow(
      /CHECKPOINT_INVALID.*"a": expected the name of a .safetensors file/,
    );
  });

  test('a tensor that the file does not have', async () => {
    await expect(openSharded(await writeIndex({ ...whole, d: 'two.safetensors' }))).rejects.toThrow(
      /"d" is missing from two/,
    );
  });

  test('a tensor that the index leaves out', async () => {
    const { a, c } = whole;
    await expect(openSharded(await writeIndex({ a, c }))).rejects.toThrow(
      /"b" stands in one.*nothing about it/,
    );
  });

  test('a tensor that two files have', async () => {
    await expect(openSharded(await writeIndex({ ...whole, d: 'again.safetensors' }))).rejects.toThrow(
      /"c" stands in again.safetensors, but the index says two/,
    );
  });

  test('no weight_map', async () => {
    await expect(openSharded(await writeIndex(undefined))).rejects.toThrow(/expected an object "weight_map"/);
  });

  test('a file that is not there', async () => {
    await expect(openSharded(await writeIndex({ a: 'none.safetensors' }))).rejects.toThrow(
      /cannot be opened/,
    );
  });

  test('not JSON', async () => {
    await writeFile(index, '{');
    await expect(openSharded(index)).rejects.toThrow(/CHECKPOINT_INVALID.*expected JSON/);
  });
});
