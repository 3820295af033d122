/**
 * What every block needs to add itself to a graph: the graph, where weights come from, and how linears are stored.
 */
import type { GraphBuilder, Value } from '../onnx/graph.ts';
import type { LoadWeights } from '../onnx/pieces.ts';
import type { Quantization } from '../quantize/block.ts';

/**
 * Says that a graph needs a tensor of this shape, and gives back how to load its values, row-major.
 * Saying is done while the graph is built, loading while it is written.
 */
export type Weights = (name: string, shape: readonly number[]) => LoadWeights;
export interface Build {
  readonly graph: GraphBuilder;
  readonly weights: Weights;
  /** Absent: linears stay float32. */
  readonly quantization?: Quantization | undefined;
}

/** A tensor of the checkpoint as a constant of the same name. */
export function weight({ graph, weights }: Build, name: string, shape: readonly number[]): Value {
  return graph.initializer(name, 'f32', shape, weights(name, shape));
}
