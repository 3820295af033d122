/**
 * Work over whole matrices in slices, so that the event loop gets a turn every few milliseconds.
 */
import { setImmediate } from 'node:timers/promises';
import { AnyToAnyError } from '@any-to-any/core';
import type { LoadWeights } from '../onnx/pieces.ts';
import { pieceElements, piecesOf } from '../onnx/pieces.ts';
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
  let at = 0;
  for await (const piece of transposedPieces(() => weights, rows, columns)) {
    result.set(piece, at);
    at += piece.length;
  }
  return result;
}

/**
 * `[rows, columns]` → `[columns, rows]` in pieces, some columns of it at a time: each reads the whole matrix, a piece at
 * a time, so that never more than a quarter of it is held.
 */
export async function* transposedPieces(
  load: LoadWeights,
  rows: number,
  columns: number,
): AsyncGenerator<Float32Array, void, undefined> {
  const columnsAtOnce = Math.max(1, Math.ceil(columns / 4), Math.floor((4 * pieceElements) / rows));
  for (let first = 0; first < columns; first += columnsAtOnce) {
    const width = Math.min(columnsAtOnce, columns - first);
    const result = new Float32Array(width * rows);
    let begin = 0;
    for await (const piece of piecesOf(load, rows * columns, columns)) {
      await inSlices(piece.length / columns, columns, (from, to) => {
        for (let column = 0; column < width; column++) {
          const base = column * rows + begin;
          for (let row = from; row < to; row++) result[base + row] = piece[row * columns + first + column]!;
        }
      });
      begin += piece.length / columns;
    }
    yield result;
  }
}

/** Floats as IEEE halves. Throws OPTION_INVALID for one that is beyond them. */
export async function inHalves(values: Float32Array): Promise<Uint16Array> {
  const result = new Uint16Array(values.length);
  await inSlices(values.length, 1, (from, to) => {
    const halves = toHalf(values.subarray(from, to));
    // Infinite, of either sign.
    const beyond = halves.findIndex((half) => (half & 0x7fff) === 0x7c00);
    if (beyond !== -1) {
      throw new AnyToAnyError(
        'OPTION_INVALID',
        `A weight of ${values[from + beyond]} is beyond 65504, the largest of 16 bits. Compile with quantize none and tables f32.`,
        { stage: 'compile' },
      );
    }
    result.set(halves, from);
  });
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
