/**
 * For tests: the tiny random checkpoints of `fixtures/` with what PyTorch made of them, and ways to run against them.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gridLayout, lineLayout, type Run } from '@any-to-any/core';
import { openSafetensors, type TensorReader } from '../../safetensors/file.ts';
import { type Ledger, openLedger } from '../ledger.ts';
import { type Config, parseConfig } from './config.ts';
import type { DecoderPlan } from './decoder.ts';
import type { DecoderRunner, Positions } from './run.ts';
import { sliceOf } from './sequence.ts';

export const fixtures = join(import.meta.dirname, '../../../fixtures');

export interface Fixture {
  readonly directory: string;
  readonly config: Config;
  /** Opens one of its safetensors files. */
  ledger(stem: string): Promise<Ledger & { close(): Promise<void> }>;
  open(stem: string): Promise<TensorReader>;
}

export async function openFixture(name: string): Promise<Fixture> {
  const directory = join(fixtures, name);
  const path = join(directory, 'config.json');
  const config = parseConfig(path, JSON.parse(await readFile(path, 'utf8')));
  const open = (stem: string) => openSafetensors(join(directory, `${stem}.safetensors`));
  return {
    directory,
    config,
    open,
    async ledger(stem) {
      const reader = await open(stem);
      return { ...openLedger(reader), close: () => reader.close() };
    },
  };
}

/** The recorded sequence: what goes into the decoder and what PyTorch gave. */
export interface DecoderCase extends Positions {
  readonly hidden: Float32Array;
}

export async function readCase(fixture: Fixture, { context }: DecoderPlan): Promise<DecoderCase> {
  const cases = await fixture.open('cases');
  const modality = Int32Array.from(await cases.read('modality'));
  const recorded = await cases.read('buckets');
  const count = modality.length;
  const buckets = new Int32Array(count * context);
  for (let row = 0; row < count; row++) {
    buckets.set(Int32Array.from(recorded.subarray(row * count, (row + 1) * count)), row * context);
  }
  const result = {
    modality,
    buckets,
    embeds: await cases.read('embeds'),
    hidden: await cases.read('hidden'),
  };
  await cases.close();
  return result;
}

/** The recorded sequence: 5 text ids, a picture of 16 embeddings, 3 text ids, a picture of 2 × 4 ids. */
export async function recordedRuns(fixture: Fixture): Promise<Run[]> {
  const cases = await fixture.open('cases');
  const ids = await cases.read('ids');
  const embeds = await cases.read('embeds');
  await cases.close();
  const { width } = fixture.config.decoder;
  const offsets = Object.fromEntries(fixture.config.modalities.map(({ name, offset }) => [name, offset]));
  const local = (port: string, from: number, to: number) =>
    Uint32Array.from(ids.subarray(from, to), (id) => id - (offsets[port] ?? 0));
  const mark = (at: number): Run => ({ port: 'marks', ids: local('marks', at, at + 1) });
  const text = (segment: number, from: number, to: number): Run => {
    const layout = lineLayout({ buckets: 32, maxDistance: 128 });
    return {
      port: 'text',
      ids: local('text', from, to),
      place: { segment, start: 0, layout, shape: { kind: 'line' } },
    };
  };
  const grid = (segment: number, rows: number, columns: number, block: number) =>
    ({
      segment,
      start: 0,
      layout: gridLayout({ clip: 7, block }),
      shape: { kind: 'grid', rows, columns },
    }) as const;
  const embeddings = embeds.subarray(9 * width, 25 * width);
  return [
    mark(0),
    mark(1),
    text(0, 2, 7),
    mark(7),
    mark(8),
    { port: 'image', embeddings, count: 16, place: grid(1, 4, 4, 1) },
    mark(25),
    mark(26),
    text(2, 27, 30),
    mark(30),
    mark(31),
    { port: 'image', ids: local('image', 32, 40), place: grid(3, 2, 4, 2) },
    mark(40),
    mark(41),
  ];
}

/** The same, its last picture drawn with a guide: opening mark and ids. */
export function withGuide(runs: readonly Run[], scale: number): Run[] {
  return runs.map((run, at) =>
    'ids' in run && (at === 10 || at === 11) ? { ...run, guide: { port: 'image', scale } } : run,
  );
}

/** Runs the sequence in steps of these lengths: hidden states of all positions. */
export async function runSteps(
  runner: DecoderRunner,
  plan: DecoderPlan,
  positions: Positions,
  steps: readonly number[],
): Promise<Float32Array> {
  const hidden = new Float32Array(positions.embeds.length);
  let from = 0;
  for (const step of steps) {
    const to = from + step;
    hidden.set(await runner.append(sliceOf(positions, plan, from, to)), from * plan.width);
    from = to;
  }
  return hidden;
}

/** The largest difference, relative to the largest magnitude expected. NaN anywhere gives NaN. */
export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = actual.length === expected.length ? 0 : Number.NaN;
  let magnitude = 0;
  for (let i = 0; i < expected.length; i++) {
    const each = Math.abs(actual[i]! - expected[i]!);
    if (!(each <= difference)) difference = each;
    magnitude = Math.max(magnitude, Math.abs(expected[i]!));
  }
  return difference / Math.max(magnitude, 1);
}

export async function temporaryDirectory(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'compiler-'));
  return { path, remove: () => rm(path, { recursive: true }) };
}
