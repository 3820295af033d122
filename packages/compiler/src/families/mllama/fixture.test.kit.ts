/**
 * For tests: the tiny checkpoint of `fixtures/mllama/`, and what transformers made of it.
 */
import { join } from 'node:path';
import type { Run } from '@any-to-any/core';
import { openSafetensors, type TensorReader } from '../../safetensors/file.ts';

export const mllamaFixture = join(import.meta.dirname, '../../../fixtures/mllama');
export const vocabulary = 104;
/** Has an embedding and no score. */
export const imageToken = vocabulary;
export const end = 1;
export const textWidth = 32;

/** A picture: its tiles, and what the projector makes of them. */
export interface Picture {
  /** `[tiles, 3, 14, 14]`. */
  readonly pixels: Float32Array;
  readonly aspect: number;
  /** `[positions, textWidth]`. */
  readonly states: Float32Array;
}

export interface Case {
  readonly ids: Uint32Array;
  /** Which pictures the image tokens stand for. */
  readonly pictures: readonly Picture[];
  /** `[ids.length, vocabulary]`. */
  readonly logits: Float32Array;
  readonly greedy: readonly number[];
}

export const openCases = (): Promise<TensorReader> =>
  openSafetensors(join(mllamaFixture, 'cases.safetensors'));

export async function readPicture(cases: TensorReader, number: number): Promise<Picture> {
  return {
    pixels: await cases.read(`pixels.${number}`),
    aspect: (await cases.read(`aspect.${number}`))[0]!,
    states: await cases.read(`states.${number}`),
  };
}

export async function readCase(name: string): Promise<Case> {
  const cases = await openCases();
  const numbers = [...(await cases.read(`${name}.pictures`))];
  const read = {
    ids: Uint32Array.from(await cases.read(`${name}.ids`)),
    pictures: await Promise.all(numbers.map((number) => readPicture(cases, number))),
    logits: await cases.read(`${name}.logits`),
    greedy: [...(await cases.read(`${name}.greedy`))],
  };
  await cases.close();
  return read;
}

/** One run for each id: a picture and its mark for an image token. */
export function runsOf({ ids, pictures }: Case, mark: number): Run[][] {
  let next = 0;
  return [...ids].map((id) => {
    if (id !== imageToken) return [{ port: 'text', ids: Uint32Array.of(id) }];
    const { states } = pictures[next++]!;
    return [
      { port: 'image', embeddings: states, count: states.length / textWidth },
      { port: 'marks', ids: Uint32Array.of(mark) },
    ];
  });
}
