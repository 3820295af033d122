/** For the tests of the baseline: the small random one of `training/fixtures/diffusion.py`, lowered and opened. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSafetensors, type TensorReader } from '@any-to-any/compiler';
import { type Graph, openDevice, openGraph, type Tensor } from '@any-to-any/core';
import { type GraphName, graphNames, type Lowered, lowerBaseline } from './lower/lower.ts';

export const fixtures = join(import.meta.dirname, 'fixtures');

export interface Fixture extends Lowered {
  readonly graphs: Readonly<Record<GraphName, Graph>>;
  readonly cases: TensorReader;
  /** A recorded tensor, whole numbers as int32. */
  tensor(name: string): Promise<Tensor>;
  close(): Promise<void>;
}

export async function openFixture(): Promise<Fixture> {
  const to = await mkdtemp(join(tmpdir(), 'baseline-'));
  const lowered = await lowerBaseline(fixtures, to);
  const device = await openDevice({ threads: 1 });
  const open = async (name: GraphName) => [name, await openGraph(device, lowered.paths[name])] as const;
  // `graphNames` are all the keys of the record.
  const graphs = Object.fromEntries(await Promise.all(graphNames.map(open))) as Record<GraphName, Graph>;
  const cases = await openSafetensors(join(fixtures, 'cases.safetensors'));
  return {
    ...lowered,
    graphs,
    cases,
    async tensor(name) {
      const { dtype, shape } = cases.tensors.get(name)!;
      const data = await cases.read(name);
      return { data: dtype === 'I32' ? Int32Array.from(data) : data, dims: shape };
    },
    async close() {
      await cases.close();
      device.close();
      await rm(to, { recursive: true });
    },
  };
}

/** A copy of the fixture's folder whose config is changed; whoever asks for it removes it. */
export async function copyWith(change: (config: Record<string, unknown>) => unknown): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'baseline-changed-'));
  await cp(fixtures, path, { recursive: true });
  const config = JSON.parse(await readFile(join(path, 'config.json'), 'utf8'));
  await writeFile(join(path, 'config.json'), JSON.stringify(change(config) ?? config));
  return path;
}

/** The largest difference, relative to the largest magnitude expected; NaN anywhere gives NaN. */
export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.NaN;
  const most = Array.from(expected).reduce((largest, value) => Math.max(largest, Math.abs(value)), 1);
  return Array.from(expected).reduce(
    (largest, value, i) => Math.max(largest, Math.abs(actual[i]! - value) / most),
    0,
  );
}
