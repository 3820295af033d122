/**
 * A linear layer, `y = x Wᵀ` or `y = x Wᵀ + b`, in the form ONNX Runtime is fastest with: MatMulNBits over quantised
 * blocks, or MatMul over the transposed float weights. Several layers of one input become one, row under row.
 */
import type { Value } from '../onnx/graph.ts';
import type { LoadWeights } from '../onnx/pieces.ts';
import { joined, piecesOf } from '../onnx/pieces.ts';
import { blocksPerRow, type Quantization } from '../quantize/block.ts';
import { quantizeMatrix, transpose, transposedPieces } from '../quantize/matrix.ts';
import type { Build } from './build.ts';

export interface LinearPart {
  /** Tensor `[outputs, inputs]`. */
  readonly tensor: string;
  readonly outputs: number;
  /** Tensor `[outputs]`, added to the result. */
  readonly bias?: string | undefined;
}

/** `x [..., inputs]` → `[..., sum of outputs]`. `name` names the constants, `output` the result if it needs a name. */
export function linear(
  build: Build,
  x: Value,
  name: string,
  inputs: number,
  parts: readonly LinearPart[],
  output?: string,
): Value {
  if (parts.every(({ bias }) => bias === undefined)) return product(build, x, name, inputs, parts, output);
  const result = product(build, x, name, inputs, parts);
  return build.graph.op('Add', [result, biases(build, name, parts)], {}, output);
}

/** The parts' biases one after the other; zeros for a part that has none. */
function biases({ graph, weights }: Build, name: string, parts: readonly LinearPart[]): Value {
  const outputs = parts.reduce((sum, part) => sum + part.outputs, 0);
  const loads = parts.map(({ bias, outputs: size }) =>
    bias === undefined ? () => new Float32Array(size) : weights(bias, [size]),
  );
  const sizes = parts.map((part) => part.outputs);
  return graph.initializer(`${name}.bias`, 'f32', [outputs], joined(loads, sizes));
}

function product(
  build: Build,
  x: Value,
  name: string,
  inputs: number,
  parts: readonly LinearPart[],
  output?: string,
): Value {
  const { graph, weights, quantization } = build;
  const outputs = parts.reduce((sum, part) => sum + part.outputs, 0);
  const load = joined(
    parts.map((part) => weights(part.tensor, [part.outputs, inputs])),
    parts.map((part) => part.outputs * inputs),
  );
  if (quantization === undefined) {
    const pieces = () => transposedPieces(load, outputs, inputs);
    const whole = async () => transpose(await load(), outputs, inputs);
    const matrix = graph.initializer(name, 'f32', [inputs, outputs], Object.assign(whole, { pieces }));
    return graph.op('MatMul', [x, matrix], {}, output);
  }
  const { bits, block } = quantization;
  const blocks = blocksPerRow(inputs, quantization);
  const matrix = quantizedOnce(load, outputs, inputs, quantization);
  const values = graph.initializer(
    `${name}.values`,
    'u8',
    [outputs, blocks, (block * bits) / 8],
    matrix.values,
  );
  const scales = graph.initializer(`${name}.scales`, 'f32', [outputs * blocks], matrix.scales);
  // Level 4 multiplies whole numbers; without it 8 bits have no kernel of their own and are 40 times slower.
  const attributes = { K: inputs, N: outputs, bits, block_size: block, accuracy_level: 4 };
  return graph.op('MatMulNBits', [x, values, scales], attributes, output);
}

/**
 * Values and scales are two constants of one computation, written one after the other. The values go by in pieces of
 * rows; the scales, an eighth of them at most, are kept until they are written.
 */
function quantizedOnce(load: LoadWeights, rows: number, columns: number, quantization: Quantization) {
  let kept: Float32Array | undefined;
  const whole = async () => quantizeMatrix(await load(), rows, columns, quantization);
  async function* pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    const scales = new Float32Array(rows * blocksPerRow(columns, quantization));
    let at = 0;
    for await (const piece of piecesOf(load, rows * columns, columns)) {
      const matrix = await quantizeMatrix(piece, piece.length / columns, columns, quantization);
      scales.set(matrix.scales, at);
      at += matrix.scales.length;
      yield matrix.values;
    }
    kept = scales;
  }
  return {
    values: Object.assign(async () => (await whole()).values, { pieces }),
    scales: async () => {
      const scales = kept ?? (await whole()).scales;
      kept = undefined;
      return scales;
    },
  };
}
