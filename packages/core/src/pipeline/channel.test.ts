import { describe, expect, it } from 'vitest';
import { drain } from '../testing/case.ts';
import { channel } from './channel.ts';

describe('channel', () => {
  it('gives what was emitted, in order', async () => {
    const items = channel<number>(async (emit) => {
      for (let i = 0; i < 30; i++) await emit(i);
    }, undefined);
    expect(await drain(items)).toEqual(Array.from({ length: 30 }, (_, i) => i));
  });

  it('throws after the items that came before', async () => {
    const seen: number[] = [];
    const items = channel<number>(async (emit) => {
      await emit(1);
      throw new TypeError('broken');
    }, undefined);
    await expect(async () => {
      for await (const item of items) seen.push(item);
    }).rejects.toThrow('broken');
    expect(seen).toEqual([1]);
  });

  it('holds the producer back while nobody takes', async () => {
    let produced = 0;
    const items = channel<number>(async (emit) => {
      for (; produced < 1000; produced++) await emit(produced);
    }, undefined);
    await items.next();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(produced).toBeLessThan(20);
    await items.return();
  });

  it('holds back several producers at once, and lets all of them go on', async () => {
    let [produced, most] = [0, 0];
    // As an adapter does: progress comes from one side, patches from the other.
    const items = channel<number>(async (emit) => {
      const one = async (): Promise<void> => {
        for (let i = 0; i < 50; i++) {
          produced++;
          await emit(i);
        }
      };
      await Promise.all([one(), one(), one()]);
    }, undefined);
    let taken = 0;
    for await (const _ of items) {
      most = Math.max(most, produced - ++taken);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(taken).toBe(150);
    expect(most).toBeLessThan(20);
  });

  it('waits for the producer to clean up when the consumer leaves', async () => {
    let cleaned = false;
    const items = channel<number>(async (emit) => {
      try {
        for (let i = 0; ; i++) await emit(i);
      } finally {
        await new Promise((resolve) => setTimeout(resolve, 5));
        cleaned = true;
      }
    }, undefined);
    for await (const item of items) if (item === 2) break;
    expect(cleaned).toBe(true);
  });

  it('ends with ABORTED when the signal fires, also before it began', async () => {
    const forever = async (emit: (item: number) => Promise<void>): Promise<void> => {
      for (let i = 0; ; i++) await emit(i);
    };
    await expect(drain(channel(forever, AbortSignal.abort()))).rejects.toThrow(/ABORTED/);
    const controller = new AbortController();
    await expect(async () => {
      for await (const item of channel(forever, controller.signal)) if (item === 20) controller.abort();
    }).rejects.toThrow(/ABORTED/);
  });
});
