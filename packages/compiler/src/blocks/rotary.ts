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

/** Frequencies of another kind, one per pair, as `rope-scaling.ts` makes them. */
export interface ScaledRotary {
  /** Radians per position, `[headWidth / 2]`. */
  readonly frequencies: Float32Array;
  /** Cosines and sines are multiplied by this. */
  readonly amplitude: number;
  /** Positions 0 … context−1. */
  readonly context: number;
}

/** Two tables `[context, headWidth / 2]`. */
export function rotaryTables(
  graph: GraphBuilder,
  rotary: Rotary | ScaledRotary,
): { cosines: Value; sines: Value } {
  const pairs = 'frequencies' in rotary ? rotary.frequencies.length : rotary.headWidth / 2;
  const table = 'frequencies' in rotary ? scaledTable : rotaryTable;
  const constant = (name: string, of: (angle: number) => number): Value =>
    // The union is the same in both calls, which the type of `table` cannot say.
    graph.initializer(name, 'f32', [rotary.context, pairs], () => table(rotary as Rotary & ScaledRotary, of));
  return { cosines: constant('rotary.cosines', Math.cos), sines: constant('rotary.sines', Math.sin) };
}

/** Angles are rounded to float32, as the checkpoints of Hugging Face were trained with. */
function scaledTable(
  { frequencies, amplitude, context }: ScaledRotary,
  of: (angle: number) => number,
): Float32Array {
  const pairs = frequencies.length;
  const table = new Float32Array(context * pairs);
  for (let position = 0; position < context; position++) {
    for (let i = 0; i < pairs; i++) {
      table[position * pairs + i] = amplitude * of(Math.fround(position * frequencies[i]!));
    }
  }
  return table;
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
