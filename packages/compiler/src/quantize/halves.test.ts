import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDevice } from '@any-to-any/core';
import { expect, test } from 'vitest';
import { GraphBuilder } from '../onnx/graph.ts';
import { saveModel } from '../onnx/save.ts';
import { storeHalves } from './halves.ts';
import { inHalves } from './matrix.ts';

test('weights of products become halves, other constants stay', async () => {
  const graph = new GraphBuilder('products');
  const x = graph.input('x', 'f32', ['rows', 2]);
  const weights = graph.floats('weights', [2, 2], [1, 1 / 3, 1e-9, 2]);
  const turned = graph.floats('turned', [1, 2], [1, 1 / 3]);
  const product = graph.op('MatMul', [x, weights]);
  const bias = graph.op('Add', [product, graph.floats('bias', [2], [1 / 3, 1 / 3])]);
  graph.output(graph.op('Gemm', [bias, turned], { transB: 1 }, 'y'), 'f32', ['rows', 1]);
  const model = storeHalves(graph.build());
  expect(model.initializers.map(({ name, type, bytes }) => [name, type, bytes])).toEqual([
    ['weights.half', 'f16', 8],
    ['turned.half', 'f16', 4],
    ['bias', 'f32', 8],
  ]);
  const directory = await mkdtemp(join(tmpdir(), 'halves-'));
  const device = await openDevice();
  await saveModel(model, join(directory, 'model.onnx'));
  const session = await device.openSession(join(directory, 'model.onnx'));
  const { y } = await session.evaluate({ x: { data: Float32Array.of(1, 0), dims: [1, 2] } });
  session.close();
  device.close();
  await rm(directory, { recursive: true });
  const half = 0x555 / 2 ** 12; // a third, in half precision
  expect(y!.data[0]).toBeCloseTo(1 + 1 / 3 + (half + 1 / 3) * half, 6);
});

test('a weight beyond 16 bits is not made infinite', async () => {
  expect([...(await inHalves(Float32Array.of(65504, -1)))]).toEqual([0x7bff, 0xbc00]);
  await expect(inHalves(Float32Array.of(1, -70_000))).rejects.toThrow(
    /OPTION_INVALID {2}A weight of -70000 is beyond 65504/,
  );
});
