/**
 * What the tests of this package share: the golden values, and ids in and out. Its name keeps it out of the package.
 */
import { readFileSync } from 'node:fs';
import type { TextTokenizer } from './tokenizer.ts';

export interface Golden {
  /** In the order of `texts`. */
  readonly ids: readonly (readonly number[])[];
  /** What the ids decode to, where that is not the text. */
  readonly decoded: Readonly<Record<string, string>>;
}

export const readFixture = (name: string): Uint8Array =>
  readFileSync(new URL(`../fixtures/${name}`, import.meta.url));

/** The caller says what `make.py` wrote there. */
export const readJson = <T>(name: string): T => JSON.parse(new TextDecoder().decode(readFixture(name))) as T;

export const texts = Object.entries(readJson<Record<string, string>>('texts.json'));

export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd');

export async function idsOf(tokenizer: TextTokenizer, text: string): Promise<number[]> {
  return Array.from((await tokenizer.encode({ modality: 'text', text })).ids);
}

/** The deltas of `ids`, handed over one by one. */
export async function deltasOf(tokenizer: TextTokenizer, ids: Iterable<number>): Promise<string[]> {
  async function* one(): AsyncGenerator<number> {
    yield* ids;
  }
  const deltas: string[] = [];
  for await (const delta of tokenizer.decode(one(), { shape: { kind: 'line' } })) deltas.push(delta.text);
  return deltas;
}

export async function textOf(tokenizer: TextTokenizer, ids: Iterable<number>): Promise<string> {
  const deltas = (await deltasOf(tokenizer, ids)).map((text) => ({ modality: 'text' as const, text }));
  return tokenizer.join(deltas).text;
}

/** A generator of numbers in [0, 1): mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const ranges = [
  [0x00, 0x7f],
  [0x20, 0x7e],
  [0x80, 0x24f],
  [0x300, 0x36f],
  [0x5d0, 0x6ff],
  [0x900, 0x97f],
  [0x2000, 0x206f],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
  [0xfe00, 0xffff],
  [0x1f1e6, 0x1f1ff],
  [0x1f300, 0x1faff],
  [0x10000, 0x10ffff],
] as const;

/** Random well-formed text of up to `length` characters of many scripts, with spaces and repeats. */
export function randomText(random: () => number, length: number): string {
  let text = '';
  const count = Math.floor(random() * (length + 1));
  for (let index = 0; index < count; index++) {
    const [low, high] = ranges[Math.floor(random() * ranges.length)]!;
    const character = String.fromCodePoint(low + Math.floor(random() * (high - low + 1)));
    text += random() < 0.2 ? ' ' : character.repeat(random() < 0.1 ? 3 : 1);
  }
  return text;
}
