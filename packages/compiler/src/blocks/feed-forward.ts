/**
 * SwiGLU (Shazeer 2020, arXiv 2002.05202): `(silu(x G) * (x U)) D`, with G and U as one product.
 */
import type { Value } from '../onnx/graph.ts';
import type { Build } from './build.ts';
import { type LinearPart, linear } from './linear.ts';

export interface FeedForward {
  /** Prefix of the tensors `gate`, `up` and `down`. */
  readonly prefix: string;
  readonly width: number;
  readonly hidden: number;
  /** True: each of the three has a `bias` beside its `weight`. */
  readonly bias?: boolean | undefined;
}

export function swiglu(build: Build, x: Value, { prefix, width, hidden, bias = false }: FeedForward): Value {
  const { graph } = build;
  const part = (name: string, outputs: number): LinearPart => ({
    tensor: `${prefix}.${name}.weight`,
    outputs,
    bias: bias ? `${prefix}.${name}.bias` : undefined,
  });
  const both = linear(build, x, `${prefix}.gate-up`, width, [part('gate', hidden), part('up', hidden)]);
  const sizes = graph.integers([hidden, hidden]);
  const [gate, up] = graph.ops('Split', [both, sizes], { axis: -1 }, [undefined, undefined] as const);
  const silu = graph.op('Mul', [gate, graph.op('Sigmoid', [gate])]);
  const product = graph.op('Mul', [silu, up]);
  return linear(build, product, `${prefix}.down`, hidden, [part('down', width)]);
}
