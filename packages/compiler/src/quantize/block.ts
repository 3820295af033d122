/**
 * Block quantisation of a weight matrix `[rows, columns]` as ONNX Runtime's MatMulNBits stores it: every block of
 * `block` neighbours in a row shares one scale; symmetric around the zero point, 8 of 4 bits and 128 of 8 bits.
 * Pure; `matrix.ts` runs it over large matrices without holding up the event loop.
 */
export interface Quantization {
  readonly bits: 4 | 8;
  /** Weights that share a scale. */
  readonly block: 32 | 128;
}

export interface QuantizedMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly quantization: Quantization;
  /** `[rows, blocks, block * bits / 8]`; of 4 bits the even column is the low half of a byte. */
  readonly values: Uint8Array;
  /** `[rows, blocks]`. */
  readonly scales: Float32Array;
}

/** Blocks of one row; the last one may be padded. */
export function blocksPerRow(columns: number, { block }: Quantization): number {
  return Math.ceil(columns / block);
}

/** An empty matrix for `quantizeRows` to fill. */
export function emptyMatrix(rows: number, columns: number, quantization: Quantization): QuantizedMatrix {
  const blocks = rows * blocksPerRow(columns, quantization);
  return {
    rows,
    columns,
    quantization,
    values: new Uint8Array((blocks * quantization.block * quantization.bits) / 8),
    scales: new Float32Array(blocks),
  };
}

/** Quantises the rows `from … to−1`; `weights` is the whole matrix, row-major. A short last block is padded with zeros. */
export function quantizeRows(weights: Float32Array, into: QuantizedMatrix, from: number, to: number): void {
  const { columns, quantization, values, scales } = into;
  const { bits, block } = quantization;
  const blocks = blocksPerRow(columns, quantization);
  const levels = new Int8Array(block);
  for (let row = from; row < to; row++) {
    for (let b = 0; b < blocks; b++) {
      const start = row * columns + b * block;
      const end = Math.min(start + block, (row + 1) * columns);
      const index = row * blocks + b;
      levels.fill(0);
      if (bits === 8) {
        scales[index] = eightBits(weights, start, end, levels);
        for (let i = 0; i < block; i++) values[index * block + i] = levels[i]! + 128;
      } else {
        scales[index] = fourBits(weights, start, end, levels);
        for (let i = 0; i < block; i += 2) {
          values[(index * block + i) / 2] = (levels[i]! + 8) | ((levels[i + 1]! + 8) << 4);
        }
      }
    }
  }
}

/** The whole matrix back as floats `[rows, columns]`; the opposite of `quantizeRows`. */
export function dequantize(matrix: QuantizedMatrix): Float32Array {
  const { rows, columns, quantization, values, scales } = matrix;
  const { bits, block } = quantization;
  const blocks = blocksPerRow(columns, quantization);
  const result = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const index = row * blocks + Math.floor(column / block);
      const at = index * block + (column % block);
      const level = bits === 8 ? values[at]! - 128 : ((values[at >> 1]! >> (at & 1 ? 4 : 0)) & 15) - 8;
      result[row * columns + column] = level * scales[index]!;
    }
  }
  return result;
}

/** Levels −127…127; the largest weight is exact. Returns the scale. */
function eightBits(weights: Float32Array, start: number, end: number, levels: Int8Array): number {
  let largest = 0;
  for (let i = start; i < end; i++) {
    const magnitude = Math.abs(weights[i]!);
    if (magnitude > largest) largest = magnitude;
  }
  if (largest === 0) return 0;
  const inverse = 127 / largest;
  for (let i = start; i < end; i++) levels[i - start] = Math.floor(weights[i]! * inverse + 0.5);
  return largest / 127;
}

/** Where the weight of largest magnitude may come to lie; −8 is the one end of the range that has no opposite. */
const fourBitEnds = [-7, -7.5, -8, -8.5, -9];

/**
 * Levels −8…7. Tries a few scales; for each, the best scale of the rounded levels q is ⟨w,q⟩/⟨q,q⟩ (least squares),
 * which leaves the squared error ⟨w,w⟩ − ⟨w,q⟩²/⟨q,q⟩; the smallest wins. Returns the scale, which may be negative.
 */
function fourBits(weights: Float32Array, start: number, end: number, levels: Int8Array): number {
  let largest = 0;
  for (let i = start; i < end; i++) if (Math.abs(weights[i]!) > Math.abs(largest)) largest = weights[i]!;
  if (largest === 0) return 0;
  let bestGain = -1;
  let bestInverse = 0;
  let scale = 0;
  for (const at of fourBitEnds) {
    const inverse = at / largest;
    let product = 0;
    let square = 0;
    for (let i = start; i < end; i++) {
      const weight = weights[i]!;
      const level = fourBitLevel(weight * inverse);
      product += weight * level;
      square += level * level;
    }
    const gain = (product * product) / square;
    if (gain > bestGain) {
      bestGain = gain;
      bestInverse = inverse;
      scale = product / square;
    }
  }
  for (let i = start; i < end; i++) levels[i - start] = fourBitLevel(weights[i]! * bestInverse);
  return scale;
}

function fourBitLevel(value: number): number {
  return Math.max(-8, Math.min(7, Math.floor(value + 0.5)));
}
