/**
 * SwiGLU (Shazeer 2020, arXiv 2002.05202): `(silu(x G) * (x U)) D`, with G and U as one product.
 */
import type { Value } from '../onnx/graph.ts';
import type { Build } from './build.ts';
import { linear } from './linear.ts';

export interface FeedForward {
  /** Prefix of the tensors `gate`, `up` and `down`. */
  readonly prefix: string;
  readonly width: number;
  readonly hidden: number;
}

export function swiglu(build: Build, x: Value, { prefix, width, hidden }: FeedForward): Value {
  const { graph } = build;
  const both = linear(build, x, `${prefix}.gate-up`, width, [
    { tensor: `${prefix}.gate.weight`, outputs: hidden },
    { tensor: `${prefix}.up.weight`, outputs: hidden },
  ]);
  const sizes = graph.integers([hidden, hidden]);
  const [gate, up] = graph.ops('Split', [both, sizes], { axis: -1 }, [undefined, undefined] as const);
  const silu = graph.op('Mul', [gate, graph.op('Sigmoid', [gate])]);
  const product = graph.op('Mul', [silu, up]);
  return linear(build, product, `${prefix}.down`, hidden, [
    { tensor: `${prefix}.down.weight`, outputs: width },
  ]);
}
