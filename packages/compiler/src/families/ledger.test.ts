import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSafetensors, type TensorReader } from '../safetensors/file.ts';
import { writeSafetensors } from '../safetensors/write.ts';
import { temporaryDirectory } from './any-to-any/fixture.test.kit.ts';
import { openLedger } from './ledger.ts';

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
let reader: TensorReader;
beforeAll(async () => {
  temporary = await temporaryDirectory();
  const path = join(temporary.path, 'ledger.safetensors');
  await writeSafetensors(path, [
    { name: 'good', dtype: 'F32', shape: [2, 1], data: Float32Array.of(1, 2) },
    { name: 'not-a-number', dtype: 'F32', shape: [2], data: Float32Array.of(1, Number.NaN) },
    { name: 'infinite', dtype: 'F16', shape: [1], data: Uint16Array.of(0xfc00) },
    { name: 'whole', dtype: 'I64', shape: [1], data: BigInt64Array.of(1n) },
  ]);
  reader = await openSafetensors(path);
});
afterAll(async () => {
  await reader.close();
  await temporary.remove();
});

test('declared tensors are loaded, and the check is content once all are declared', async () => {
  const ledger = openLedger({ ...reader, tensors: new Map([['good', reader.tensors.get('good')!]]) });
  const load = ledger.weights('good', [2, 1]);
  ledger.check();
  expect(await load()).toEqual(Float32Array.of(1, 2));
});

test('a part, of a reader that has parts and of one that moves whole tensors', async () => {
  const read = async () => Float32Array.of(2, 1);
  for (const one of [reader, { ...reader, read }]) {
    const load = openLedger(one).weights('good', [2, 1]);
    expect(await load.part!(1, 2)).toEqual(Float32Array.of(one === reader ? 2 : 1));
    expect(await load.part!(0, 2)).toEqual(one === reader ? Float32Array.of(1, 2) : await read());
  }
});

describe('values that are not finite', () => {
  test('in a part', async () => {
    const load = openLedger(reader).weights('not-a-number', [2]);
    expect(await load.part!(0, 1)).toEqual(Float32Array.of(1));
    await expect(load.part!(1, 2)).rejects.toThrow(/"not-a-number": expected finite values, found NaN at 1/);
  });

  test.each([
    ['not-a-number', /"not-a-number": expected finite values, found NaN at 1/],
    ['infinite', /"infinite": expected finite values, found -Infinity at 0/],
  ])('%s', async (name, message) => {
    await expect(openLedger(reader).weights(name, [1])()).rejects.toThrow(message);
  });
});

describe('the check', () => {
  test.each<[string, string, readonly number[], RegExp]>([
    ['missing', 'absent', [1], /tensor "absent" is missing/],
    ['another shape', 'good', [1, 2], /"good": expected \[1, 2\], found \[2, 1\]/],
    ['not floats', 'whole', [1], /"whole": expected F32, F16, BF16 or F64, found I64/],
    ['left over', 'good', [2, 1], /"not-a-number" belongs to nothing/],
  ])('%s', (_, name, shape, message) => {
    const ledger = openLedger(reader);
    ledger.weights(name, shape);
    expect(() => ledger.check()).toThrow(message);
  });
});
