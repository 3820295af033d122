/**
 * For tests: the tiny Janus of `fixtures/janus/`, and what transformers computed with it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineSequence, LocalEngine, Run } from '@any-to-any/core';
import { openSafetensors, type TensorReader } from '../../safetensors/file.ts';
import { fixtures } from '../any-to-any/fixture.test.kit.ts';

export const janusFixture = join(fixtures, 'janus');

export interface JanusCases {
  values(name: string): Promise<Float32Array>;
  ids(name: string): Promise<number[]>;
  close(): Promise<void>;
}

export async function openCases(): Promise<JanusCases> {
  const reader: TensorReader = await openSafetensors(join(janusFixture, 'cases.safetensors'));
  return {
    values: (name) => reader.read(name),
    ids: async (name) => [...(await reader.read(name))],
    close: () => reader.close(),
  };
}

/** Ids of the checkpoint → runs of marks and text, as `manifest.json` says which is which. */
export async function runsOf(bundle: string, ids: readonly number[]): Promise<Run[]> {
  const { marks } = JSON.parse(await readFile(join(bundle, 'chat.json'), 'utf8')) as {
    marks: Record<string, string>;
  }; // as the compiler writes it
  const manifest = JSON.parse(await readFile(join(bundle, 'manifest.json'), 'utf8')) as {
    space: { marks: { names: string[] } };
  }; // likewise
  const tokenizer = JSON.parse(await readFile(join(bundle, 'tokenizer.json'), 'utf8')) as {
    added_tokens: { id: number; content: string }[];
  }; // likewise
  const { names } = manifest.space.marks;
  const markOf = new Map(
    tokenizer.added_tokens.map(({ id, content }) => [id, names.indexOf(marks[content]!)]),
  );
  return ids.map((id) => {
    const mark = markOf.get(id);
    return mark === undefined
      ? { port: 'text', ids: Uint32Array.of(id) }
      : { port: 'marks', ids: Uint32Array.of(mark) };
  });
}

/** Logits of a head after the last of the runs. */
export async function score(
  engine: LocalEngine,
  sequence: EngineSequence,
  runs: readonly Run[],
  head: string,
): Promise<Float32Array> {
  let logits = new Float32Array(0);
  for (let from = 0; from < runs.length; from += 100) {
    const part = runs.slice(from, from + 100);
    const [result] = await engine.append([{ sequence, runs: part, head }]);
    logits = Float32Array.from(result!.logits);
  }
  return logits;
}
