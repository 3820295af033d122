/**
 * An aligner of Janus: linears with GELU between, from the width of a tower or of a code to that of the decoder.
 */
import type { Build } from '../../blocks/build.ts';
import { gelu } from '../../blocks/convolution.ts';
import { biased } from '../../blocks/vision-transformer.ts';
import type { Value } from '../../onnx/graph.ts';

export interface Aligner {
  readonly prefix: string;
  readonly inputs: number;
  readonly width: number;
  /** Linears altogether. */
  readonly depth: number;
}

export function align(
  build: Build,
  x: Value,
  { prefix, inputs, width, depth }: Aligner,
  output: string,
): Value {
  let result = biased(build, x, `${prefix}.fc1`, inputs, width, depth === 1 ? output : undefined);
  for (let layer = 1; layer < depth; layer++) {
    const name = `${prefix}.hidden_layers.${layer - 1}`;
    const named = layer === depth - 1 ? output : undefined;
    result = biased(build, gelu(build, result), name, width, width, named);
  }
  return result;
}
