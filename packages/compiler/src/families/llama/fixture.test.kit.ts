/**
 * For tests: the tiny checkpoints of `fixtures/llama/`, compiled and opened by the engine that applications use.
 */
import { join } from 'node:path';
import {
  type Device,
  type EngineSequence,
  type LocalEngine,
  openBundle,
  openLocalEngine,
} from '@any-to-any/core';
import { compile } from '../../compile.ts';
import type { CompileOptions } from '../../options.ts';
import { openSafetensors } from '../../safetensors/file.ts';

export const llamaFixtures = join(import.meta.dirname, '../../../fixtures/llama');

/** What transformers computed. */
export interface Recorded {
  readonly ids: Uint32Array;
  /** `[ids.length, vocabulary]`. */
  readonly logits: Float32Array;
  /** The ids that follow greedily. */
  readonly greedy: readonly number[];
}

export async function readRecorded(name: string): Promise<Recorded> {
  const reader = await openSafetensors(join(llamaFixtures, name, 'cases.safetensors'));
  const ids = Uint32Array.from(await reader.read('ids'));
  const recorded = { ids, logits: await reader.read('logits'), greedy: [...(await reader.read('greedy'))] };
  await reader.close();
  return recorded;
}

export async function openCompiled(
  device: Device,
  checkpoint: string,
  out: string,
  options: CompileOptions = {},
): Promise<LocalEngine> {
  await compile(checkpoint, out, options);
  return openLocalEngine(await openBundle(out), device);
}

/** Logits of the text head after each of the last ids of every step. */
export async function textLogits(
  engine: LocalEngine,
  sequence: EngineSequence,
  ids: Uint32Array,
  steps: readonly number[],
): Promise<Float32Array[]> {
  const all: Float32Array[] = [];
  let from = 0;
  for (const step of steps) {
    const runs = [{ port: 'text', ids: ids.subarray(from, from + step) }];
    const [result] = await engine.append([{ sequence, runs, head: 'text' }]);
    all.push(result!.logits);
    from += step;
  }
  return all;
}

/** Greedy local ids; the closing mark, the last class, ends. */
export async function greedyIds(engine: LocalEngine, prompt: Uint32Array, count: number): Promise<number[]> {
  const sequence = engine.open();
  let [logits] = await textLogits(engine, sequence, prompt, [prompt.length]);
  const ids: number[] = [];
  while (ids.length < count) {
    const best = logits!.indexOf(Math.max(...logits!));
    ids.push(best);
    if (best === logits!.length - 1) break;
    [logits] = await textLogits(engine, sequence, Uint32Array.of(best), [1]);
  }
  sequence.dispose();
  return ids;
}
