/**
 * GroupQueryAttention with one memory bound as past and present, against attention written out in float64.
 * This is what the decoder rests on: writing one row in place, a constant total, chunks, a bias, int8.
 */
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { openDevice } from './device.ts';
import type { Device } from './interface.ts';

const heads = 4;
const kvHeads = 2;
const headDim = 16;
const capacity = 48;
const length = 20;

type Bias = (head: number, query: number, key: number) => number;

/** Reproducible numbers in −1…1. */
function noise(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => {
    const x = Math.sin((index + 1) * 12.9898 + seed * 78.233) * 43758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  });
}

const query = noise(length * heads * headDim, 1);
const key = noise(length * kvHeads * headDim, 2);
const value = noise(length * kvHeads * headDim, 3);

/** Rotary embedding, halves: (a, b) → (a cos − b sin, b cos + a sin) with angle = position / 10000^(2i/d). */
function rotate(x: Float32Array, offset: number, position: number): Float64Array {
  const half = headDim / 2;
  const out = new Float64Array(headDim);
  for (let i = 0; i < half; i += 1) {
    const angle = position / 10000 ** ((2 * i) / headDim);
    const a = x[offset + i]!;
    const b = x[offset + i + half]!;
    out[i] = a * Math.cos(angle) - b * Math.sin(angle);
    out[i + half] = b * Math.cos(angle) + a * Math.sin(angle);
  }
  return out;
}

/** Causal attention over all positions, `[length, heads * headDim]`, straight from the definition. */
function reference(bias: Bias): Float64Array {
  const out = new Float64Array(length * heads * headDim);
  for (let i = 0; i < length; i += 1) {
    for (let head = 0; head < heads; head += 1) {
      const shared = Math.floor(head / (heads / kvHeads));
      const q = rotate(query, (i * heads + head) * headDim, i);
      const scores = Array.from({ length: i + 1 }, (_, j) => {
        const k = rotate(key, (j * kvHeads + shared) * headDim, j);
        return q.reduce((sum, a, d) => sum + a * k[d]!, 0) / Math.sqrt(headDim) + bias(head, i, j);
      });
      const top = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - top));
      const sum = weights.reduce((a, b) => a + b, 0);
      for (const [j, weight] of weights.entries()) {
        for (let d = 0; d < headDim; d += 1) {
          const v = value[(j * kvHeads + shared) * headDim + d]!;
          out[(i * heads + head) * headDim + d]! += (weight / sum) * v;
        }
      }
    }
  }
  return out;
}

/** Feeds the positions in chunks of the given sizes; returns the largest difference from the reference. */
async function worst(device: Device, name: string, chunks: readonly number[], bias: Bias): Promise<number> {
  const session = await device.openSession(fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url)));
  const binding = session.createBinding();
  const kind = name.includes('int8') ? 'int8' : 'float32';
  const cacheDims = [1, kvHeads, capacity, headDim];
  const cacheBytes = kvHeads * capacity * headDim * (kind === 'int8' ? 1 : 4);
  const cache = device.allocate(2 * cacheBytes);
  for (const [index, side] of ['key', 'value'].entries()) {
    const tensor = device.tensor(cache, kind, cacheDims, index * cacheBytes);
    binding.input(`past_${side}`, tensor);
    binding.output(`present_${side}`, tensor);
  }
  const scalars = device.allocate(8);
  const lengths = scalars.view('int32', 0, 1);
  scalars.view('int32', 4, 1)[0] = capacity; // constant: shapes never change
  binding.input('lengths', device.tensor(scalars, 'int32', [1]));
  binding.input('total', device.tensor(scalars, 'int32', [], 4));
  const expected = reference(bias);
  let difference = 0;
  let past = 0;
  for (const chunk of chunks) {
    const fill = (array: Float32Array, input: string, width: number) => {
      const memory = device.allocate(chunk * width * 4);
      memory.view('float32').set(array.subarray(past * width, (past + chunk) * width));
      binding.input(input, device.tensor(memory, 'float32', [1, chunk, width]));
    };
    fill(query, 'query', heads * headDim);
    fill(key, 'key', kvHeads * headDim);
    fill(value, 'value', kvHeads * headDim);
    const positions = device.allocate(chunk * 8);
    positions.view('int64').set(Array.from({ length: chunk }, (_, s) => BigInt(past + s)));
    binding.input('positions_at', device.tensor(positions, 'int64', [1, chunk]));
    const biases = device.allocate(heads * chunk * capacity * 4);
    biases.view('float32').set(
      Array.from({ length: heads * chunk * capacity }, (_, index) => {
        const s = Math.floor(index / capacity) % chunk;
        return bias(Math.floor(index / (capacity * chunk)), past + s, index % capacity);
      }),
    );
    binding.input('bias', device.tensor(biases, 'float32', [1, heads, chunk, capacity]));
    const out = device.allocate(chunk * heads * headDim * 4);
    binding.output('attended', device.tensor(out, 'float32', [1, chunk, heads * headDim]));
    lengths[0] = past + chunk - 1;
    await binding.run();
    for (const [index, got] of out.view('float32').entries()) {
      difference = Math.max(difference, Math.abs(got - expected[past * heads * headDim + index]!));
    }
    past += chunk;
  }
  return difference;
}

const none: Bias = () => 0;
const sloped: Bias = (head, i, j) => -0.3 * (head + 1) * Math.sqrt(Math.abs(i - j)) + Math.sin(i + 2 * j);
const steps = Array<number>(length).fill(1);

describe.each(['native', 'javascript'] as const)('attention in place on a %s device', async (kind) => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const device = await openDevice({ prefer: kind, threads: 1 });

  it.each([
    ['step by step', 'attention.onnx', steps, none, 2e-6],
    ['a prefill, then steps', 'attention.onnx', [12, ...steps.slice(12)], none, 2e-6],
    ['chunks of any size', 'attention.onnx', [7, 5, 1, 4, 3], none, 2e-6],
    ['a bias, step by step', 'attention.onnx', steps, sloped, 2e-6],
    ['a bias, in chunks', 'attention.onnx', [7, 5, 1, 4, 3], sloped, 2e-6],
    ['int8 per channel, step by step', 'attention-int8.onnx', steps, sloped, 3e-2],
    ['int8 per channel, in chunks', 'attention-int8.onnx', [7, 5, 1, 4, 3], sloped, 3e-2],
  ] as const)('%s', async (_, name, chunks, bias, tolerance) => {
    expect(await worst(device, name, chunks, bias)).toBeLessThan(tolerance);
  });
});
