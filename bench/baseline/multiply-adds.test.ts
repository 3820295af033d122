import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder, saveModel } from '@any-to-any/compiler';
import { type Device, openDevice, openGraph } from '@any-to-any/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countMultiplyAdds, ofNode, perPosition } from './multiply-adds.ts';
import { onlyOutputs, readGraph, withOutputs } from './onnx-file.ts';

let device: Device;
let folder: string;
let path: string;
beforeAll(async () => {
  device = await openDevice({ threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'counting-'));
  path = join(folder, 'both.onnx');
  await saveModel(twoHeads(), path);
});
afterAll(async () => {
  device.close();
  await rm(folder, { recursive: true });
});

/** A trunk of 3 × 20 and two heads: of 20 × 5, and a convolution over one pixel. */
function twoHeads() {
  const graph = new GraphBuilder('two-heads');
  const matrix = (name: string, dims: number[]) =>
    graph.floats(name, dims, new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(0.5));
  const x = graph.input('x', 'f32', ['n', 3]);
  const trunk = graph.op('MatMul', [x, matrix('trunk', [3, 20])]);
  const first = graph.op('MatMul', [trunk, matrix('first', [20, 5])], {}, 'a');
  graph.output(first, 'f32', ['n', 5]);
  const square = graph.op('Reshape', [trunk, graph.integers([-1, 5, 2, 2])]);
  const conv = graph.op('Conv', [square, matrix('second', [64, 5, 1, 1])], { kernel_shape: [1, 1] }, 'b');
  graph.output(conv, 'f32', ['n', 64, 2, 2]);
  return graph.build();
}

const x = (n: number) => ({ x: { data: new Float32Array(n * 3).fill(1), dims: [n, 3] } });

test('a graph is counted by hand', async () => {
  // Rows × (3 · 20 + 20 · 5), and 64 · 2 · 2 values of 5 products each.
  expect(await countMultiplyAdds(device, path, x(1))).toBe(60 + 100 + 1280);
  expect(await countMultiplyAdds(device, path, x(7))).toBe(7 * (60 + 100 + 1280));
});

test('one head alone costs its trunk and itself, and gives the same', async () => {
  const file = await readFile(path);
  const cut = onlyOutputs(file, ['a']);
  const at = join(folder, 'one.onnx');
  await writeFile(at, cut);
  expect(await countMultiplyAdds(device, at, x(2), `${path}.data`)).toBe(2 * 160);
  const graph = await openGraph(device, at);
  const whole = await openGraph(device, path);
  expect(graph.outputs).toEqual(['a']);
  expect((await graph.run(x(2)))['a']).toEqual((await whole.run(x(2)))['a']);
  // 64 · 5 floats and the shape of the other head are gone.
  expect(readGraph(file).bytes - readGraph(cut).bytes).toBe(64 * 5 * 4 + 4 * 8);
});

test('a file is read as it was built, and tells more when asked', async () => {
  const file = await readFile(path);
  const { nodes, constants, outputs } = readGraph(file);
  expect(nodes.map(({ type }) => type)).toEqual(['MatMul', 'MatMul', 'Reshape', 'Conv']);
  expect(constants.get('second')).toEqual([64, 5, 1, 1]);
  expect(outputs).toEqual(['a', 'b']);
  expect(readGraph(onlyOutputs(withOutputs(file, ['trunk']), ['a', 'b'])).outputs).toEqual(['a', 'b']);
  expect(readGraph(file).nodes[0]!.inputs).toEqual(['x', 'trunk']);
});

test('attention and quantised matrices, by hand', () => {
  const node = (type: string, numbers: [string, number][] = []) => ({
    type,
    inputs: ['q', 'k', 'v'],
    outputs: ['o'],
    numbers: new Map(numbers),
  });
  const shapes = new Map([
    ['q', [2, 16, 24]],
    ['k', [2, 7, 24]],
    ['v', [2, 7, 24]],
    ['o', [2, 16, 24]],
  ]);
  expect(ofNode(node('MultiHeadAttention'), shapes)).toBe(2 * (2 * 16 * 7 * 24));
  expect(ofNode(node('MatMulNBits', [['K', 32]]), shapes)).toBe(2 * 16 * 24 * 32);
  expect(ofNode(node('Add'), shapes)).toBe(0);
  const constants = new Map([['k', [32, 8]]]);
  const nodes = [
    node('MatMul'),
    node('MatMulNBits', [
      ['K', 32],
      ['N', 64],
    ]),
  ];
  expect(perPosition({ nodes, constants, bytes: 0, outputs: [] })).toBe(32 * 8 + 32 * 64);
});
