/**
 * A linear layer, `y = x Wᵀ` or `y = x Wᵀ + b`, in the form ONNX Runtime is fastest with: MatMulNBits over quantised
 * blocks, or MatMul over the transposed float weights. Several layers of one input become one, row under row.
 */
import type { Value } from '../onnx/graph.ts';
import { blocksPerRow, type Quantization, type QuantizedMatrix } from '../quantize/block.ts';
import { quantizeMatrix, transpose } from '../quantize/matrix.ts';
import type { Build, LoadWeights } from './build.ts';

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
  return graph.initializer(`${name}.bias`, 'f32', [outputs], stack(loads, outputs));
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
  const load = stack(
    parts.map((part) => weights(part.tensor, [part.outputs, inputs])),
    outputs * inputs,
  );
  if (quantization === undefined) {
    const matrix = graph.initializer(name, 'f32', [inputs, outputs], async () =>
      transpose(await load(), outputs, inputs),
    );
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

/** The parts' rows under one another: `[outputs, inputs]`. */
function stack(parts: readonly LoadWeights[], elements: number): () => Promise<Float32Array> {
  return async () => {
    const [first] = parts;
    if (parts.length === 1 && first !== undefined) return first();
    const stacked = new Float32Array(elements);
    let at = 0;
    for (const load of parts) {
      const rows = await load();
      stacked.set(rows, at);
      at += rows.length;
    }
    return stacked;
  };
}

/** Values and scales are two constants of one computation, written one after the other: kept in between, then let go. */
function quantizedOnce(
  load: () => Promise<Float32Array>,
  rows: number,
  columns: number,
  quantization: Quantization,
): { values: () => Promise<Uint8Array>; scales: () => Promise<Float32Array> } {
  let kept: Promise<QuantizedMatrix> | undefined;
  const compute = async () => quantizeMatrix(await load(), rows, columns, quantization);
  return {
    values: async () => {
      kept = compute();
      return (await kept).values;
    },
    scales: async () => {
      const { scales } = await (kept ?? compute());
      kept = undefined;
      return scales;
    },
  };
}
