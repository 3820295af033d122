import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Device, openDevice, type Tensor } from '@any-to-any/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GraphBuilder, type Value } from '../onnx/graph.ts';
import type { ElementType } from '../onnx/model.ts';
import { saveModel } from '../onnx/save.ts';
import type { Build } from './build.ts';
import { nearestCodes, type ResidualQuantizer, sumOfCodes } from './residual-quantizer.ts';

let device: Device;
let directory: string;
beforeAll(async () => {
  device = await openDevice();
  directory = await mkdtemp(join(tmpdir(), 'quantizer-'));
});
afterAll(async () => {
  device.close();
  await rm(directory, { recursive: true });
});

/** Two codebooks of three codes in the plane: far points, then what they leave over. */
const quantizer: ResidualQuantizer = {
  name: 'codes',
  codebooks: [() => Float32Array.of(0, 0, 10, 0, 0, 10), () => Float32Array.of(1, 0, 0, 1, -1, -1)],
  codes: 3,
  width: 2,
};

async function run(
  type: ElementType,
  dims: (number | string)[],
  x: Tensor,
  add: (build: Build, x: Value) => Value,
  out: ElementType,
): Promise<Tensor> {
  const graph = new GraphBuilder('quantizer');
  const build: Build = { graph, weights: () => () => new Float32Array(0) };
  const y = graph.op('Identity', [add(build, graph.input('x', type, dims))], {}, 'y');
  graph.output(y, out, ['rows', 'columns', ...(out === 'f32' ? ['depth'] : [])]);
  const path = join(await mkdtemp(join(directory, 'graph-')), 'quantizer.onnx');
  await saveModel(graph.build(), path);
  const session = await device.openSession(path);
  const { y: result } = await session.evaluate({ x });
  session.close();
  return result!;
}

test('(11, 0) is (10, 0) and (1, 0); (−1, 9) is (0, 10) and (−1, −1)', async () => {
  const vectors = { data: Float32Array.of(11, -1, 0.2, 0, 9, 0.9), dims: [1, 2, 3] };
  const found = await run(
    'f32',
    [1, 2, 'frames'],
    vectors,
    (build, x) => nearestCodes(build, x, quantizer),
    'i64',
  );
  expect(found.dims).toEqual([2, 3]);
  expect([...found.data]).toEqual([1n, 2n, 0n, 0n, 2n, 1n]);
});

test('and back: the sums of the codes', async () => {
  const ids = { data: BigInt64Array.of(1n, 2n, 0n, 0n, 2n, 1n), dims: [1, 2, 3] };
  const found = await run('i64', [1, 2, 'frames'], ids, (build, x) => sumOfCodes(build, x, quantizer), 'f32');
  expect(found.dims).toEqual([1, 2, 3]);
  expect([...found.data]).toEqual([11, -1, 0, 0, 9, 1]);
});
