/**
 * Tables of rotary positions (Su et al. 2021, arXiv 2104.09864), half split: angle of pair i at position p is
 * `p * theta^(−2i / headWidth)`. The attention operator looks positions up in them.
 */
import type { GraphBuilder, Value } from '../onnx/graph.ts';

export interface Rotary {
  readonly theta: number;
  readonly headWidth: number;
  /** Positions 0 … context−1. */
  readonly context: number;
}

/** Two tables `[context, headWidth / 2]`. */
export function rotaryTables(graph: GraphBuilder, rotary: Rotary): { cosines: Value; sines: Value } {
  const dims = [rotary.context, rotary.headWidth / 2];
  return {
    cosines: graph.initializer('rotary.cosines', 'f32', dims, () => rotaryTable(rotary, Math.cos)),
    sines: graph.initializer('rotary.sines', 'f32', dims, () => rotaryTable(rotary, Math.sin)),
  };
}

function rotaryTable({ theta, headWidth, context }: Rotary, of: (angle: number) => number): Float32Array {
  const pairs = headWidth / 2;
  const table = new Float32Array(context * pairs);
  for (let position = 0; position < context; position++) {
    for (let i = 0; i < pairs; i++)
      table[position * pairs + i] = of(position * theta ** ((-2 * i) / headWidth));
  }
  return table;
}
