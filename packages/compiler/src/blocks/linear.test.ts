import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Device, openDevice } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GraphBuilder } from '../onnx/graph.ts';
import { saveModel } from '../onnx/save.ts';
import { dequantize, emptyMatrix, type Quantization, quantizeRows } from '../quantize/block.ts';
import { linear } from './linear.ts';

let device: Device;
let directory: string;
beforeAll(async () => {
  device = await openDevice();
  directory = await mkdtemp(join(tmpdir(), 'linear-'));
});
afterAll(async () => {
  device.close();
  await rm(directory, { recursive: true });
});

const wave = (length: number, step: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * step) + 0.1);

/** Runs `x [rows, inputs]` through one linear of two parts, 3 and 5 outputs wide. */
async function run(inputs: number, rows: number, quantization: Quantization | undefined) {
  const parts = { first: wave(3 * inputs, 1.1), second: wave(5 * inputs, 2.3) };
  const graph = new GraphBuilder('linear');
  const x = graph.input('x', 'f32', ['rows', inputs]);
  const weights = (name: string) => () => parts[name as keyof typeof parts]; // only the two names below are asked for
  const outputs = [
    { tensor: 'first', outputs: 3 },
    { tensor: 'second', outputs: 5 },
  ];
  graph.output(linear({ graph, weights, quantization }, x, 'both', inputs, outputs, 'y'), 'f32', ['rows', 8]);
  const path = join(directory, 'linear.onnx');
  await saveModel(graph.build(), path);
  const session = await device.openSession(path);
  const data = wave(rows * inputs, 0.7);
  const { y } = await session.evaluate({ x: { data, dims: [rows, inputs] } });
  session.close();
  return { y: y!.data as Float32Array, data, stacked: Float32Array.of(...parts.first, ...parts.second) }; // float32
}

/** `x Wᵀ`, summed in doubles. */
function product(x: Float32Array, weights: Float32Array, inputs: number): number[] {
  const result: number[] = [];
  for (let row = 0; row < x.length; row += inputs) {
    for (let output = 0; output < weights.length; output += inputs) {
      let sum = 0;
      for (let i = 0; i < inputs; i++) sum += x[row + i]! * weights[output + i]!;
      result.push(sum);
    }
  }
  return result;
}

test('float weights', async () => {
  const { y, data, stacked } = await run(40, 3, undefined);
  product(data, stacked, 40).forEach((expected, i) => {
    expect(y[i]).toBeCloseTo(expected, 4);
  });
});

describe.each<Quantization>([
  { bits: 4, block: 32 },
  { bits: 4, block: 128 },
  { bits: 8, block: 32 },
  { bits: 8, block: 128 },
])('$bits bits, blocks of $block', (quantization) => {
  // 40, 48 and 200 are no multiples of the block: the last block of each row is padded.
  test.each([
    [128, 1],
    [128, 9],
    [40, 1],
    [48, 5],
    [200, 1],
    [200, 7],
  ])('%i inputs, %i rows: the product of the dequantised weights', async (inputs, rows) => {
    const { y, data, stacked } = await run(inputs, rows, quantization);
    const matrix = emptyMatrix(8, inputs, quantization);
    quantizeRows(stacked, matrix, 0, 8);
    const expected = product(data, dequantize(matrix), inputs);
    // The runtime rounds x to 8 bits per block: an error of 1/254 of its largest value, times the weights, at the very most.
    const largest = Math.max(...data.map(Math.abs));
    const dequantized = dequantize(matrix).map(Math.abs);
    expected.forEach((value, i) => {
      const output = i % 8;
      const bound = dequantized
        .subarray(output * inputs, (output + 1) * inputs)
        .reduce((sum, weight) => sum + (weight * largest) / 254, 1e-4);
      expect(Math.abs(y[i]! - value)).toBeLessThan(bound);
    });
  });
});
