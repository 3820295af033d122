/**
 * Decoding and prefill of the measured shape, every variant in one process, in interleaved rounds.
 * The cache holds real keys and values: the prompt is prefilled, further rows are forks of it.
 */
import type { Engine, EngineSequence, LocalEngine } from '@any-to-any/core';
import { median, time } from './measure.ts';
import { shape } from './shape.ts';

export const contexts = [64, 512, 1500] as const;
export const batches = [1, 2, 8] as const;

export interface Subject {
  readonly name: string;
  readonly engine: LocalEngine;
}

export interface DecodeRow {
  readonly name: string;
  readonly context: number;
  readonly batch: number;
  /** Milliseconds of one step, all rows together. */
  readonly step: number;
}

const rounds = 5;
const stepsPerRound = 8;
const chunk = 128;

/** Rounds go through all subjects before the next begins, so that a slow moment of the machine meets all alike. */
export async function measureDecode(
  subjects: readonly Subject[],
  tell: (text: string) => void,
): Promise<DecodeRow[]> {
  const rows: DecodeRow[] = [];
  for (const context of contexts) {
    for (const batch of batches) {
      tell(`decode: context ${context}, batch ${batch}`);
      const prepared = [];
      for (const { name, engine } of subjects)
        prepared.push({
          name,
          engine,
          sequences: await prepare(engine, context, batch),
          times: [] as number[],
        });
      for (let round = 0; round < rounds; round++) {
        for (const { engine, sequences, times } of prepared)
          times.push(...(await decodeRound(engine, sequences, context)));
      }
      for (const { name, sequences, times } of prepared) {
        rows.push({ name, context, batch, step: median(times) });
        for (const sequence of sequences) sequence.dispose();
      }
    }
  }
  return rows;
}

/** Prompt positions per second, prompts of 512 in chunks of 128. */
export async function measurePrefill(subjects: readonly Subject[]): Promise<Map<string, number>> {
  const times = new Map(subjects.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < 3; round++) {
    for (const { name, engine } of subjects) {
      const sequence = engine.open();
      times.get(name)!.push(await time(() => prefill(engine, sequence, 512)));
      sequence.dispose();
    }
  }
  return new Map([...times].map(([name, all]) => [name, (512 / median(all)) * 1000]));
}

/** Ids of the measured prompt; any ids do, but not all the same. */
export function promptIds(length: number): Uint32Array {
  return Uint32Array.from({ length }, (_, i) => (i * 7919 + 13) % shape.vocabulary);
}

/** Prompt and greedy ids of a port, as one call of an application: the times of the later steps. */
export async function decodeGaps(
  engine: LocalEngine,
  context: number,
  batch = 1,
  port = 'text',
): Promise<number[]> {
  const sequences = await prepare(engine, context, batch, port);
  const gaps = await decodeRound(engine, sequences, context, port);
  for (const sequence of sequences) sequence.dispose();
  return gaps;
}

async function prepare(
  engine: LocalEngine,
  context: number,
  batch: number,
  port = 'text',
): Promise<EngineSequence[]> {
  const first = engine.open();
  await prefill(engine, first, context, port);
  return [first, ...Array.from({ length: batch - 1 }, () => first.fork())];
}

async function prefill(
  engine: Engine,
  sequence: EngineSequence,
  length: number,
  port = 'text',
): Promise<void> {
  const ids = promptIds(length);
  for (let at = 0; at < length; at += chunk) {
    await engine.append([{ sequence, runs: [{ port, ids: ids.subarray(at, at + chunk) }] }]);
  }
}

/** Greedy steps from the same context; the sequences are as long afterwards as before. */
async function decodeRound(
  engine: Engine,
  sequences: readonly EngineSequence[],
  context: number,
  port = 'text',
): Promise<number[]> {
  const times: number[] = [];
  let ids = sequences.map((_, row) => row + 1);
  for (let step = 0; step < stepsPerRound; step++) {
    times.push(
      await time(async () => {
        const requests = sequences.map((sequence, row) => ({
          sequence,
          runs: [{ port, ids: Uint32Array.of(ids[row]!) }],
          head: port,
        }));
        ids = (await engine.append(requests)).map(({ logits }) => likeliest(logits));
      }),
    );
  }
  for (const sequence of sequences) sequence.truncate(context);
  return times.slice(2);
}

/** The last class is the closing mark, which has no embedding. */
function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length - 1; id++) if (logits[id]! > logits[best]!) best = id;
  return best;
}
