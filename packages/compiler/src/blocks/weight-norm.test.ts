import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryDirectory } from '../families/any-to-any/fixture.test.kit.ts';
import { openSafetensors } from '../safetensors/file.ts';
import { type TensorToWrite, writeSafetensors } from '../safetensors/write.ts';
import { foldWeightNorm } from './weight-norm.ts';

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

const tensor = (name: string, shape: number[], ...values: number[]): TensorToWrite => ({
  name,
  dtype: 'F32',
  shape,
  data: Float32Array.from(values),
});

async function folding(tensors: readonly TensorToWrite[]) {
  const path = join(temporary.path, 'file.safetensors');
  await writeSafetensors(path, tensors);
  const reader = await openSafetensors(path);
  try {
    const folded = foldWeightNorm(reader);
    const values = new Map<string, number[]>();
    for (const name of folded.tensors.keys()) values.set(name, [...(await folded.read(name))]);
    return { shapes: [...folded.tensors.values()].map(({ name, shape }) => [name, ...shape]), values };
  } finally {
    await reader.close();
  }
}

const pair = (magnitude: string, direction: string): TensorToWrite[] => [
  tensor(`conv.${magnitude}`, [2, 1, 1], 10, 0.5),
  tensor(`conv.${direction}`, [2, 1, 2], 3, 4, 0, -5),
  tensor('conv.bias', [2], 7, 8),
];

test.each([
  ['weight_g', 'weight_v'],
  ['parametrizations.weight.original0', 'parametrizations.weight.original1'],
])('%s and %s: 3 4 of length 10 is 6 8', async (magnitude, direction) => {
  const { shapes, values } = await folding(pair(magnitude, direction));
  expect(shapes).toEqual([
    ['conv.bias', 2],
    ['conv.weight', 2, 1, 2],
  ]);
  expect(values.get('conv.weight')).toEqual([6, 8, 0, -0.5]);
  expect(values.get('conv.bias')).toEqual([7, 8]);
});

test('a weight that is folded already stays as it is', async () => {
  const { values } = await folding([tensor('conv.weight', [1, 1, 2], 3, 4)]);
  expect([...values]).toEqual([['conv.weight', [3, 4]]]);
});

test('folded and not folded at once is one too many', async () => {
  const both = [...pair('weight_g', 'weight_v'), tensor('conv.weight', [2, 1, 2], 1, 2, 3, 4)];
  await expect(folding(both)).rejects.toThrow(/CHECKPOINT_INVALID.*"conv.weight" is there twice/);
});
