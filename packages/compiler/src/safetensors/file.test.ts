import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnyToAnyError } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSafetensors } from './file.ts';
import { writeSafetensors } from './write.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'safetensors-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** A file of this header, with `data` zero bytes after it. */
async function fileOf(header: string, data: number, length: number = header.length): Promise<string> {
  const path = join(directory, 'made.safetensors');
  const bytes = Buffer.alloc(8 + header.length + data);
  bytes.writeBigUInt64LE(BigInt(length));
  bytes.write(header, 8);
  await writeFile(path, bytes);
  return path;
}

test('what is written is read again', async () => {
  const path = join(directory, 'round.safetensors');
  const weights = Float32Array.of(1, -2, 3.5, 0, 1e-30, 6);
  await writeSafetensors(
    path,
    [
      { name: 'weights', dtype: 'F32', shape: [2, 3], data: weights },
      { name: 'scalar', dtype: 'F64', shape: [], data: Float64Array.of(Math.PI) },
      { name: 'nothing', dtype: 'I32', shape: [0, 7], data: new Int32Array(0) },
    ],
    { by: 'test' },
  );
  const reader = await openSafetensors(path);
  expect([...reader.tensors.values()].map(({ name, dtype, shape }) => ({ name, dtype, shape }))).toEqual([
    { name: 'weights', dtype: 'F32', shape: [2, 3] },
    { name: 'scalar', dtype: 'F64', shape: [] },
    { name: 'nothing', dtype: 'I32', shape: [0, 7] },
  ]);
  expect(await reader.read('weights')).toEqual(weights);
  expect(await reader.read('scalar')).toEqual(Float32Array.of(Math.PI));
  expect(await reader.read('nothing')).toHaveLength(0);
  await reader.close();
});

test('a file of the Python library is read', async () => {
  // torch: half [1.5, -2, 6.1035e-05, 65504, 3.0518e-05], brain [[1, -3.140625], [1e30, 0]], long [3, -4], byte [7, 255]
  const written =
    'EAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJieSI6InB5dGhvbiJ9LCJsb25nIjp7ImR0eXBlIjoiSTY0Iiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbMCwxNl19LCJicmFpbiI6eyJkdHlwZSI6IkJGMTYiLCJzaGFwZSI6WzIsMl0sImRhdGFfb2Zmc2V0cyI6WzE2LDI0XX0sImhhbGYiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzVdLCJkYXRhX29mZnNldHMiOlsyNCwzNF19LCJieXRlIjp7ImR0eXBlIjoiVTgiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOlszNCwzNl19fSAgICAgIAMAAAAAAAAA/P////////+AP0nASnEAAAA+AMAABP97AAIH/w==';
  const path = join(directory, 'python.safetensors');
  await writeFile(path, Buffer.from(written, 'base64'));
  const reader = await openSafetensors(path);
  expect([...(await reader.read('half'))]).toEqual([1.5, -2, 2 ** -14, 65504, 2 ** -15]);
  const brain = await reader.read('brain');
  expect([...brain.subarray(0, 2), brain[3]]).toEqual([1, -3.140625, 0]);
  expect(brain[2]! / 1e30).toBeCloseTo(1, 2);
  expect([...(await reader.read('long'))]).toEqual([3, -4]);
  expect([...(await reader.readBytes('byte'))]).toEqual([7, 255]);
  await reader.close();
});

test.each(['F32', 'BF16', 'F64', 'U8'] as const)('a part of %s', async (dtype) => {
  const path = join(directory, 'parts.safetensors');
  const bytes = Uint8Array.from({ length: 48 }, (_, i) => (7 * i) % 64);
  const count = { F32: 12, BF16: 24, F64: 6, U8: 48 }[dtype];
  await writeSafetensors(path, [
    { name: 'before', dtype: 'U8', shape: [3], data: bytes.subarray(0, 3) },
    { name: 'a', dtype, shape: [count], data: bytes },
  ]);
  const reader = await openSafetensors(path);
  const whole = await reader.read('a');
  expect(whole).toHaveLength(count);
  expect(await reader.read('a', { from: 1, to: 5 })).toEqual(whole.slice(1, 5));
  expect(await reader.read('a', { from: count - 1, to: count })).toEqual(whole.slice(-1));
  await reader.close();
});

test('a missing tensor is named, and the reader stays usable', async () => {
  const path = await fileOf('{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}', 2);
  const reader = await openSafetensors(path);
  await expect(reader.read('b')).rejects.toThrow(/CHECKPOINT_INVALID.*"b" is missing/);
  expect([...(await reader.read('a'))]).toEqual([0, 0]);
  await reader.close();
});

describe('broken files', () => {
  const one = (dtype: string, shape: string, offsets: string) =>
    `{"a":{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}}`;
  test.each<[string, string, number, number | undefined, RegExp]>([
    ['header larger than the file', '{}', 0, 3, /at most 2 bytes, found one of 3/],
    ['header beyond any limit', '{}', 0, 2 ** 40, /found one of 1099511627776/],
    ['not JSON', 'weights', 0, undefined, /expected a JSON header/],
    ['not an object', '[1]', 0, undefined, /to be a JSON object/],
    ['unknown type', one('F7', '[1]', '[0,4]'), 4, undefined, /"a": expected one of F64.*found "F7"/],
    ['negative side', one('F32', '[-1]', '[0,4]'), 4, undefined, /shape of whole numbers, found \[-1\]/],
    ['one offset', one('F32', '[1]', '[0]'), 4, undefined, /two data_offsets/],
    [
      'shape and bytes differ',
      one('F32', '[2]', '[0,4]'),
      4,
      undefined,
      /expected 8 bytes for F32 \[2\], found 4/,
    ],
    [
      'a shape beyond any number',
      one('F32', '[4294967296,4294967296,4294967296]', '[0,4]'),
      4,
      undefined,
      /expected 3\.1\d+e\+29 bytes.*found 4/,
    ],
    [
      'a side that is no whole number',
      one('F32', '[9007199254740993]', '[0,4]'),
      4,
      undefined,
      /shape of whole/,
    ],
    ['a negative offset', one('F32', '[1]', '[-4,0]'), 4, undefined, /two data_offsets/],
    ['an end before the beginning', one('F32', '[1]', '[4,0]'), 4, undefined, /expected 4 bytes.*found -4/],
    ['a name of the language', '{"__proto__":7}', 0, undefined, /"__proto__": expected an object, found 7/],
    ['nested without end', '['.repeat(1_000_000), 0, undefined, /nested deeper/],
    ['nested in a tensor', '{"a":{"dtype":[[[]]]}}', 0, undefined, /nested deeper/],
    ['a text that does not end', '{"a', 0, undefined, /expected a JSON header/],
    ['truncated data', one('F32', '[2]', '[0,8]'), 7, undefined, /truncated/],
    ['bytes at the end', one('F32', '[2]', '[0,8]'), 9, undefined, /belongs to no tensor/],
    [
      'overlap',
      '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}',
      6,
      undefined,
      /"b" overlaps "a"/,
    ],
    [
      'hole',
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}',
      3,
      undefined,
      /"b" leaves a hole after "a"/,
    ],
    [
      'a name twice',
      '{"a\\"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a\\u0022":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      1,
      undefined,
      /listed twice/,
    ],
  ])('%s', async (_, header, data, length, message) => {
    const error = await openSafetensors(await fileOf(header, data, length)).catch(
      (thrown: unknown) => thrown,
    );
    expect(AnyToAnyError.is(error, 'CHECKPOINT_INVALID')).toBe(true);
    expect(String(error)).toMatch(message);
  });

  test('long metadata and brackets in texts are no trouble', async () => {
    const metadata = `"__metadata__":{"long":"${'[{\\"'.repeat(1_000_000)}"}`;
    const header = `{${metadata},"a" : {"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`;
    const reader = await openSafetensors(await fileOf(header, 0));
    expect([...reader.tensors.keys()]).toEqual(['a']);
    expect(await reader.read('a')).toHaveLength(0);
    await reader.close();
  });

  test('an empty file', async () => {
    const path = join(directory, 'empty.safetensors');
    await writeFile(path, '');
    await expect(openSafetensors(path)).rejects.toThrow(/at least 8 bytes, found 0/);
  });

  test('no file', async () => {
    await expect(openSafetensors(join(directory, 'absent'))).rejects.toThrow(
      /CHECKPOINT_INVALID.*cannot be opened/,
    );
  });
});

describe('the writer refuses', () => {
  test('data of another size than its shape', async () => {
    const tensor = { name: 'a', dtype: 'F32', shape: [3], data: new Float32Array(2) } as const;
    await expect(writeSafetensors(join(directory, 'x'), [tensor])).rejects.toThrow(/SHAPE_MISMATCH/);
  });

  test('a name given twice', async () => {
    const tensor = { name: 'a', dtype: 'F32', shape: [2], data: new Float32Array(2) } as const;
    await expect(writeSafetensors(join(directory, 'x'), [tensor, tensor])).rejects.toThrow(/OPTION_INVALID/);
  });
});
