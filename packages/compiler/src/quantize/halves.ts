/**
 * A graph whose products read their weights as 16-bit floats: half the bytes on disk, and eleven bits of each weight.
 * ONNX Runtime turns them into float32 once, when it opens the graph. Pure.
 */
import type { Model, Node } from '../onnx/model.ts';
import { inHalves } from './matrix.ts';

/** Every float32 constant that is the right side of a MatMul or Gemm, also transposed, or the kernel of a Conv, is stored in halves. */
export function storeHalves(model: Model): Model {
  const floats = new Set(model.initializers.filter(({ type }) => type === 'f32').map(({ name }) => name));
  const transposed = new Map(
    model.nodes.flatMap(({ type, inputs, outputs }) =>
      type === 'Transpose' ? [[outputs[0]!, inputs[0]!] as const] : [],
    ),
  );
  const weights = new Set(
    model.nodes.flatMap(({ type, inputs }) => {
      if (type !== 'MatMul' && type !== 'Gemm' && type !== 'Conv') return [];
      const stored = transposed.get(inputs[1]!) ?? inputs[1]!;
      return floats.has(stored) ? [stored] : [];
    }),
  );
  const stored = (name: string): string => `${name}.half`;
  const casts = [...weights].map(
    (name): Node => ({
      type: 'Cast',
      domain: '',
      inputs: [stored(name)],
      outputs: [name],
      attributes: { to: 1 }, // float32
    }),
  );
  const initializers = model.initializers.map((one) => {
    if (!weights.has(one.name)) return one;
    const load = async () => inHalves((await one.load()) as Float32Array); // its type is f32
    const pieces = one.pieces && (() => piecesInHalves(one.pieces!()));
    return { ...one, name: stored(one.name), type: 'f16' as const, bytes: one.bytes / 2, load, pieces };
  });
  return { ...model, nodes: [...casts, ...model.nodes], initializers };
}

async function* piecesInHalves(pieces: AsyncIterable<ArrayBufferView>): AsyncGenerator<Uint16Array> {
  for await (const piece of pieces) yield inHalves(piece as Float32Array); // the type of the constant is f32
}
