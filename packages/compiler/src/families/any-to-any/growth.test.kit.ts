/**
 * For tests: a growth of random weights for a bundle of the fixture `all-on`, as training would leave it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openBundle } from '@any-to-any/core';
import { type TensorToWrite, writeSafetensors } from '../../safetensors/write.ts';
import { xorshift } from './sequences.ts';

export interface RandomGrowth {
  readonly name: string;
  readonly size: number;
  readonly buckets: number;
  readonly rank: number;
}

/** Sizes of the decoder of `all-on`. */
const [width, layers, heads] = [48, 2, 3];

/** By tensor; none of them zero. */
export function growthShapes({ size, buckets, rank }: RandomGrowth): Record<string, number[]> {
  const each = Array.from({ length: layers }, (_, layer) => [
    [`layers.${layer}.type.embedding`, [width]],
    [`layers.${layer}.type.gate`, [1]],
    ...['q', 'k'].flatMap((to) => [
      [`layers.${layer}.lora.${to}.a`, [width, rank]],
      [`layers.${layer}.lora.${to}.b`, [rank, width]],
    ]),
  ]).flat();
  return {
    embedding: [size, width],
    'head.weight': [size + 1, width],
    'marks.embedding': [2, width],
    'marks.head.weight': [2, width],
    'buckets.weight': [buckets, heads],
    ...Object.fromEntries(each),
  };
}

export function growthTensors(growth: RandomGrowth, seed: number): TensorToWrite[] {
  const random = xorshift(seed);
  return Object.entries(growthShapes(growth)).map(([name, shape]) => {
    const length = shape.reduce((product, side) => product * side, 1);
    return { name, dtype: 'F32', shape, data: Float32Array.from({ length }, () => random() - 0.5) };
  });
}

/** Writes it into `directory`, trained for `bundle`; `changes` are to its config. */
export async function writeGrowth(
  directory: string,
  bundle: string,
  growth: RandomGrowth,
  changes: object = {},
  tensors = growthTensors(growth, growth.size),
): Promise<string> {
  const { files } = (await openBundle(bundle)).manifest;
  const { name, size, buckets, rank } = growth;
  const use = { kind: 'plugin', plugin: `${name}-plugin`, options: { notes: `${name}.txt` } };
  const config = {
    kind: 'modality',
    format: 1,
    name,
    open: `<${name}>`,
    close: `</${name}>`,
    size,
    layout: { kind: 'plugin', buckets },
    loraRank: rank,
    tokenizer: { ...use, files: [`${name}.txt`] },
    bundle: { sampling: { [name]: { temperature: 0 } }, attribution: [`${name} by hand`] },
    grownOn: { 'text.table.bin': files['text.table.bin']!.sha256 },
    ...changes,
  };
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'config.json'), JSON.stringify(config));
  await writeFile(join(directory, `${name}.txt`), 'C4 D4');
  await writeSafetensors(join(directory, 'modality.safetensors'), tensors);
  return directory;
}
