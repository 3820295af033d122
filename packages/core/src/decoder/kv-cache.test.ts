import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DecoderDescription } from '../bundle/manifest.ts';
import { openDevice } from '../runtime/device.ts';
import type { Device } from '../runtime/interface.ts';
import { KvCache, type RowHolder } from './kv-cache.ts';

const description: DecoderDescription = {
  graph: 'decoder.onnx',
  width: 8,
  layers: 2,
  heads: 2,
  kvHeads: 2,
  headWidth: 4,
  context: 16,
  kv: 'float32',
  inputs: { modality: false, buckets: false },
};

describe('key and value cache', () => {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice({ prefer: 'javascript' });
  });
  afterAll(() => device.close());

  const holder = (length: number): RowHolder => ({ row: -1, length });
  /** Writes a number that names the holder at every position it has. */
  const write = (cache: KvCache, { row, length }: RowHolder, name: number): void => {
    each(cache, row, length, (values, at) => {
      values[at] = name * 1000 + at;
    });
  };
  const intact = (cache: KvCache, { row, length }: RowHolder, name: number): boolean => {
    let same = true;
    each(cache, row, length, (values, at) => {
      if (Math.floor(values[at]! / 1000) !== name) same = false;
    });
    return same;
  };
  /** Visits element 0 of every position of a row through the tensors' own memory. */
  const each = (
    cache: KvCache,
    row: number,
    length: number,
    visit: (values: Float32Array, at: number) => void,
  ): void => {
    for (const { key, value } of cache.layers) {
      for (const memory of [key, value]) {
        const values = memory.view('float32');
        for (let head = 0; head < 2; head++) {
          for (let position = 0; position < length; position++) {
            visit(values, ((row * 2 + head) * 16 + position) * 4);
          }
        }
      }
    }
  };

  it('keeps what is in use when it grows', () => {
    const cache = new KvCache(device, description);
    const holders = [holder(5), holder(16), holder(1)];
    holders.forEach((one, name) => {
      cache.acquire(one);
      write(cache, one, name + 1);
    });
    const more = Array.from({ length: 5 }, () => holder(2));
    for (const one of more) cache.acquire(one);
    expect(holders.map((one, name) => intact(cache, one, name + 1))).toEqual([true, true, true]);
    expect(cache.used).toBe(8);
    cache.close();
  });

  it('copies a prefix to another row', () => {
    const cache = new KvCache(device, description);
    const [a, b] = [holder(6), holder(6)];
    cache.acquire(a);
    cache.acquire(b);
    write(cache, a, 7);
    cache.copy(a.row, b.row, 6);
    expect(intact(cache, b, 7)).toBe(true);
    cache.close();
  });

  it('brings any rows side by side without losing any', () => {
    const cache = new KvCache(device, description);
    const holders = Array.from({ length: 6 }, (_, i) => holder(3 + i));
    holders.forEach((one, name) => {
      cache.acquire(one);
      write(cache, one, name + 1);
    });
    for (const wanted of [[1, 4], [5, 0, 3], [2], [4, 2, 0, 5], [0, 1, 2, 3, 4, 5]]) {
      const group = wanted.map((index) => holders[index]!);
      const first = cache.align(group);
      expect(group.map((one) => one.row)).toEqual(group.map((_, i) => first + i));
      expect(holders.map((one, name) => intact(cache, one, name + 1))).toEqual(holders.map(() => true));
      expect(new Set(holders.map((one) => one.row)).size).toBe(6);
    }
    cache.close();
  });

  it('leaves rows that already lie side by side where they are', () => {
    const cache = new KvCache(device, description);
    const holders = [holder(1), holder(1), holder(1)];
    for (const one of holders) cache.acquire(one);
    expect(cache.align([holders[2]!, holders[1]!])).toBe(1);
    cache.close();
  });

  it('moves a row to a free one and gives released rows again', () => {
    const cache = new KvCache(device, description);
    const holders = [holder(4), holder(4), holder(4), holder(4)];
    holders.forEach((one, name) => {
      cache.acquire(one);
      write(cache, one, name + 1);
    });
    cache.release(holders[0]!);
    cache.release(holders[1]!);
    cache.release(holders[1]!);
    expect(cache.used).toBe(2);
    expect(cache.align([holders[3]!])).toBe(3);
    const fresh = holder(2);
    cache.acquire(fresh);
    expect(fresh.row).toBe(0);
    write(cache, fresh, 9);
    cache.align([fresh, holders[3]!]);
    expect(intact(cache, holders[3]!, 4) && intact(cache, fresh, 9) && intact(cache, holders[2]!, 3)).toBe(
      true,
    );
    cache.close();
  });
});
