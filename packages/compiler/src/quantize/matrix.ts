/**
 * Work over whole matrices in slices, so that the event loop gets a turn every few milliseconds.
 */
import { setImmediate } from 'node:timers/promises';
import { toHalf } from '../safetensors/dtype.ts';
import { emptyMatrix, type Quantization, type QuantizedMatrix, quantizeRows } from './block.ts';

/** Elements handled between two turns of the event loop. */
const slice = 1 << 15;

/** Quantises `weights`, row-major `[rows, columns]`. */
export async function quantizeMatrix(
  weights: Float32Array,
  rows: number,
  columns: number,
  quantization: Quantization,
): Promise<QuantizedMatrix> {
  const matrix = emptyMatrix(rows, columns, quantization);
  await inSlices(rows, columns, (from, to) => quantizeRows(weights, matrix, from, to));
  return matrix;
}

/** `[rows, columns]` → `[columns, rows]`. */
export async function transpose(weights: Float32Array, rows: number, columns: number): Promise<Float32Array> {
  const result = new Float32Array(weights.length);
  await inSlices(rows, columns, (from, to) => {
    for (let column = 0; column < columns; column++) {
      const base = column * rows;
      for (let row = from; row < to; row++) result[base + row] = weights[row * columns + column]!;
    }
  });
  return result;
}

/** Floats as IEEE halves. */
export async function inHalves(values: Float32Array): Promise<Uint16Array> {
  const result = new Uint16Array(values.length);
  await inSlices(values.length, 1, (from, to) => result.set(toHalf(values.subarray(from, to)), from));
  return result;
}

async function inSlices(
  rows: number,
  columns: number,
  work: (from: number, to: number) => void,
): Promise<void> {
  const step = Math.max(1, Math.floor(slice / Math.max(1, columns)));
  for (let from = 0; from < rows; from += step) {
    if (from > 0) await setImmediate();
    work(from, Math.min(rows, from + step));
  }
}
