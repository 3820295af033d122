import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AnyToAnyError } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../families/any-to-any/fixture.test.kit.ts';
import { openSafetensors } from '../safetensors/file.ts';
import { blockTypes } from './block-types.ts';
import { isGguf, openGguf } from './file.ts';
import { ggufBytes, text, u32, u64 } from './write.test.kit.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/gguf');
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

describe('values equal those of the reference library', () => {
  test.each([...blockTypes.values()].map(({ name }) => name))('%s', async (name) => {
    const file = await openGguf(join(fixtures, 'blocks.gguf'));
    const expected = await openSafetensors(join(fixtures, 'blocks-values.safetensors'));
    expect(file.tensors.get(name)?.shape).toEqual(expected.tensors.get(name)?.shape);
    const [found, values] = [await file.read(name), await expected.read(name)];
    await file.close();
    await expected.close();
    expect(found.length).toBe(values.length);
    found.forEach((value, i) => {
      expect(Math.abs(value - values[i]!)).toBeLessThanOrEqual(Math.abs(values[i]!) * 1e-6 + 1e-7);
    });
  });

  test.each(['F32', 'BF16', 'Q4_1', 'Q6_K'])('a part of %s, across blocks', async (name) => {
    const file = await openGguf(join(fixtures, 'blocks.gguf'));
    const whole = await file.read(name);
    for (const [from, to] of [
      [0, 1],
      [31, 33],
      [5, whole.length - 3],
      [whole.length - 1, whole.length],
    ] as const) {
      expect(await file.read(name, { from, to })).toEqual(whole.slice(from, to));
    }
    await file.close();
  });

  test('a block of Q4_1 by hand', () => {
    // Scale 2 and least 1 in half precision, then 16 bytes: 0x21 is 1 in the first half, 2 in the second.
    const block = Uint8Array.of(0x00, 0x40, 0x00, 0x3c, ...new Array<number>(16).fill(0x21));
    const values = blockTypes.get(3)!.decode(block);
    expect([...values]).toEqual([...new Array<number>(16).fill(3), ...new Array<number>(16).fill(5)]);
  });
});

test('metadata of every type', async () => {
  const entry = (key: string, type: number, value: Uint8Array) =>
    Buffer.concat([text(key), u32(type), value]);
  const bytes = (array: ArrayBufferView) => new Uint8Array(array.buffer);
  const metadata = [
    entry('u8', 0, Uint8Array.of(200)),
    entry('i8', 1, Uint8Array.of(200)),
    entry('u16', 2, bytes(Uint16Array.of(65_000))),
    entry('i16', 3, bytes(Int16Array.of(-2))),
    entry('u32', 4, u32(7)),
    entry('i32', 5, bytes(Int32Array.of(-7))),
    entry('f32', 6, bytes(Float32Array.of(0.5))),
    entry('bool', 7, Uint8Array.of(1)),
    entry('text', 8, text('é')),
    entry('list', 9, Buffer.concat([u32(8), u64(2), text('a'), text('b')])),
    entry('u64', 10, u64(9)),
    entry('i64', 11, bytes(BigInt64Array.of(-9n))),
    entry('f64', 12, bytes(Float64Array.of(0.25))),
  ];
  const path = join(temporary.path, 'metadata.gguf');
  await writeFile(path, ggufBytes({ metadata }));
  const file = await openGguf(path);
  await file.close();
  expect(Object.fromEntries(file.metadata)).toEqual({
    u8: 200,
    i8: -56,
    u16: 65_000,
    i16: -2,
    u32: 7,
    i32: -7,
    f32: 0.5,
    bool: true,
    text: 'é',
    list: ['a', 'b'],
    u64: 9n,
    i64: -9n,
    f64: 0.25,
  });
});

test('a header longer than the first piece that is read', async () => {
  const path = join(temporary.path, 'long.gguf');
  const long = Buffer.concat([text('long'), u32(8), text('x'.repeat(3 << 20))]);
  const tensors = [{ name: 'one', dimensions: [2], type: 0, offset: 0 }];
  await writeFile(
    path,
    ggufBytes({ metadata: [long], tensors, data: new Uint8Array(Float32Array.of(1, 2).buffer) }),
  );
  const file = await openGguf(path);
  expect(await file.read('one')).toEqual(Float32Array.of(1, 2));
  await file.close();
});

test('only the name decides what is GGUF', () => {
  expect([isGguf('a/model.gguf'), isGguf('MODEL.GGUF'), isGguf('gguf/config.json')]).toEqual([
    true,
    true,
    false,
  ]);
});

describe('a broken file', () => {
  const one = { name: 'one', dimensions: [2], type: 0, offset: 0 };
  const data = new Uint8Array(64);
  test.each<[string, Uint8Array, RegExp]>([
    ['is something else', Buffer.from('PK something else'), /expected a GGUF file/],
    ['is empty', new Uint8Array(), /truncated/],
    ['has a newer version', ggufBytes({ version: 4 }), /version 2 or 3, little endian, found 4/],
    ['ends in its header', ggufBytes({ metadata: [text('key')] }).subarray(0, 30), /truncated|more than/],
    ['promises too many tensors', ggufBytes({ tensorCount: 2 ** 40 }), /entries of tensors, more than/],
    [
      'promises a long text',
      Buffer.concat([ggufBytes({ metadataCount: 1 }), u64(2 ** 50), Buffer.alloc(16)]),
      /text, more than/,
    ],
    [
      'names a tensor twice',
      ggufBytes({ tensors: [one, { ...one, offset: 32 }], data }),
      /"one" is listed twice/,
    ],
    [
      'lets tensors overlap',
      ggufBytes({ tensors: [one, { ...one, name: 'two' }], data }),
      /"two" overlaps "one"/,
    ],
    [
      'has an odd offset',
      ggufBytes({ tensors: [{ ...one, offset: 4 }], data }),
      /"one" begins at 4: expected a multiple of 32/,
    ],
    [
      'is cut off',
      ggufBytes({ tensors: [{ ...one, dimensions: [17] }], data }),
      /"one" ends at byte \d+, but the file has \d+/,
    ],
    [
      'has a type that is not read',
      ggufBytes({ tensors: [{ ...one, type: 10 }], data }),
      /"one": expected a type of F32.*number 10/,
    ],
    [
      'has half a block',
      ggufBytes({ tensors: [{ ...one, dimensions: [40], type: 8 }], data }),
      /whole blocks of 32 for Q8_0, found 40/,
    ],
    [
      'has too many dimensions',
      ggufBytes({ tensors: [{ ...one, dimensions: [1, 1, 1, 1, 1] }], data }),
      /1 to 4 dimensions, found 5/,
    ],
    [
      'lists a key twice',
      ggufBytes({ metadata: [0, 1].map(() => Buffer.concat([text('k'), u32(4), u32(1)])) }),
      /"k" is listed twice/,
    ],
    [
      'holds an unknown value',
      ggufBytes({ metadata: [Buffer.concat([text('k'), u32(13), u32(1)])] }),
      /type below 13, found 13/,
    ],
    [
      'has an odd alignment',
      ggufBytes({ metadata: [Buffer.concat([text('general.alignment'), u32(4), u32(12)])] }),
      /multiple of 8, found 12/,
    ],
  ])('%s', async (name, bytes, message) => {
    const path = join(temporary.path, `${name.replaceAll(' ', '-')}.gguf`);
    await writeFile(path, bytes);
    const error = await openGguf(path).catch((thrown: unknown) => thrown);
    expect(AnyToAnyError.is(error, 'CHECKPOINT_INVALID')).toBe(true);
    expect(String(error)).toMatch(message);
  });

  test('that is cut off anywhere is refused or whole', async () => {
    const whole = await readFile(join(fixtures, 'model.gguf'));
    const path = join(temporary.path, 'cut.gguf');
    for (let length = 0; length < whole.length; length += 997) {
      await writeFile(path, whole.subarray(0, length));
      const error = await openGguf(path).catch((thrown: unknown) => thrown);
      expect(AnyToAnyError.is(error, 'CHECKPOINT_INVALID')).toBe(true);
    }
  });

  test('is not there', async () => {
    await expect(openGguf(join(temporary.path, 'none.gguf'))).rejects.toThrow(
      /CHECKPOINT_INVALID.*cannot be opened/,
    );
  });

  test('a tensor that is not there', async () => {
    const file = await openGguf(join(fixtures, 'blocks.gguf'));
    await expect(file.read('none')).rejects.toThrow(/"none" is missing; there are 11 others/);
    await file.close();
  });
});
