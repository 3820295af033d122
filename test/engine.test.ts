import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile } from '@any-to-any/compiler';
import {
  type Device,
  type EngineSequence,
  type LocalEngine,
  openBundle,
  openDevice,
  openLocalEngine,
} from '@any-to-any/core';
import { engineSuite } from '@any-to-any/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The engine in process, on real graphs: random weights with every mix-in, compiled from a committed checkpoint. */
const checkpoint = new URL('../packages/compiler/fixtures/all-on', import.meta.url).pathname;

const variants = [
  { quantize: 'none', kv: 'f32', tolerance: 1e-4 },
  { quantize: 'int8', kv: 'f32', tolerance: 0.1 },
  { quantize: 'none', kv: 'int8', tolerance: 0.1 },
] as const;

describe.each(variants)('local engine, weights $quantize, cache $kv', ({ quantize, kv, tolerance }) => {
  let root: string;
  let device: Device;
  const open = async (): Promise<LocalEngine> =>
    openLocalEngine(await openBundle(join(root, 'bundle')), device);

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'any-to-any-engine-'));
    await compile(checkpoint, join(root, 'bundle'), { quantize, kv });
    device = await openDevice({ threads: 1 });
  });
  afterAll(async () => {
    device.close();
    await rm(root, { recursive: true });
  });

  const ids = [3, 1, 4, 1, 5, 9, 2, 6];
  for (const { name, run } of engineSuite({ create: () => open(), port: 'text', ids, tolerance }))
    it(name, run);

  it('gives back every row', async () => {
    const engine = await open();
    const sequences = Array.from({ length: 9 }, () => engine.open());
    for (const sequence of sequences) {
      await engine.append([{ sequence, runs: [{ port: 'text', ids: Uint32Array.from(ids) }] }]);
    }
    expect(engine.usedRows).toBe(9);
    const forks = sequences.slice(0, 4).map((sequence) => sequence.fork());
    expect(engine.usedRows).toBe(13);
    for (const sequence of [...sequences, ...forks]) sequence.dispose();
    expect(engine.usedRows).toBe(0);
    await engine.close();
  });

  it('loses nothing when the cache grows during a step', async () => {
    const engine = await open();
    const run = (...some: number[]) => [{ port: 'text', ids: Uint32Array.from(some) }];
    const step = async (sequence: EngineSequence, id: number): Promise<number[]> => {
      const [result] = await engine.append([{ sequence, runs: run(id), head: 'text' }]);
      return [...result!.logits];
    };
    const quiet = engine.open();
    await engine.append([{ sequence: quiet, runs: run(...ids) }]);
    const other = quiet.fork();
    const expected = [await step(quiet, 7), await step(quiet, 8)];
    quiet.dispose();

    const kept = other.fork();
    const running = step(other, 7);
    const forks = Array.from({ length: 6 }, () => kept.fork());
    expect(await running).toEqual(expected[0]);
    expect(await step(other, 8)).toEqual(expected[1]);
    expect(await step(forks[5]!, 7)).toEqual(expected[0]);
    await engine.close();
  });

  it('refuses an id the table does not have, and goes on', async () => {
    const engine = await open();
    const sequence = engine.open();
    const runs = [{ port: 'text', ids: Uint32Array.of(16) }];
    await expect(engine.append([{ sequence, runs }])).rejects.toThrow(/ID_OUT_OF_RANGE/);
    expect(sequence.length).toBe(0);
    await engine.append([{ sequence, runs: [{ port: 'text', ids: Uint32Array.of(15) }] }]);
    await engine.close();
  });
});
