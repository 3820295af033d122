/**
 * Enlarging by Lanczos' windowed sinc with three lobes (Duchon 1979), as convolutions with one kernel a phase. Sees three
 * pixels around, so patches fit together.
 */
import type { GraphBuilder, Value } from '../../onnx/graph.ts';

const lobes = 3;
/** Pixels around that are seen. */
export const reach = lobes;
const taps = 2 * reach + 1;

/** `[n, 3, rows, columns]` → `[n, 3, times (rows − 6), times (columns − 6)]`: down, then across. */
export function enlargeByLanczos(graph: GraphBuilder, x: Value, times: number): Value {
  const lines = Array.from({ length: times }, (_, phase) => weightsOf((phase + 0.5) / times - 0.5));
  const each = (value: Value, groups: number, down: number, across: number): Value => {
    const kernels = Array.from({ length: groups }, () => lines.flat()).flat();
    const name = `lanczos.${times}.${down > 1 ? 'down' : 'across'}`;
    const weights = graph.floats(name, [groups * times, 1, down, across], kernels);
    return graph.op('Conv', [value, weights], { kernel_shape: [down, across], group: groups });
  };
  const phases = each(each(x, 3, taps, 1), 3 * times, 1, taps);
  return graph.op('DepthToSpace', [phases], { blocksize: times, mode: 'CRD' });
}

/** Of the pixels −3 … 3 for a point `offset` away from the middle one; together 1. At 0 → 0, 0, 0, 1, 0, 0, 0. */
function weightsOf(offset: number): number[] {
  const weights = Array.from({ length: taps }, (_, tap) => windowedSinc(offset - (tap - reach)));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

function windowedSinc(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= lobes) return 0;
  const angle = Math.PI * x;
  return (lobes * Math.sin(angle) * Math.sin(angle / lobes)) / (angle * angle);
}
