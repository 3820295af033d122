/**
 * One codebook over a feature map: the nearest code of every place, and back. By plain distance, or by angle, for
 * codebooks whose codes are compared and looked up at length 1.
 */
import type { Value } from '../onnx/graph.ts';
import type { Build } from './build.ts';

export interface Codebook {
  /** Tensor `[codes, width]`. */
  readonly tensor: string;
  readonly codes: number;
  readonly width: number;
}

/**
 * Which code is nearest: the one of the smallest distance, or of the largest cosine. How codes are looked up: as they
 * are, or divided by their length.
 */
export type Nearness = 'distance' | 'cosine';

/** `x [1, width, rows, columns]` → `ids [1, rows, columns]` i32. */
export function nearestIds(
  build: Build,
  x: Value,
  { tensor, codes, width }: Codebook,
  nearness: Nearness,
  output: string,
): Value {
  const { graph, weights } = build;
  const load = weights(tensor, [codes, width]);
  const side = [codes, width, 1, 1];
  const unit = nearness === 'cosine';
  const table = graph.initializer(tensor, 'f32', side, async () =>
    unit ? unitRows(await load(), width) : load(),
  );
  // The length of x does not matter for the largest cosine; for distances, |code|² / 2 − x·code decides.
  const halves = unit
    ? undefined
    : graph.initializer(`${tensor}.halves`, 'f32', [codes], async () => halfSquares(await load(), width));
  const scores = graph.op('Conv', [x, table, halves], { kernel_shape: [1, 1] });
  const nearest = graph.op('ArgMax', [scores], { axis: 1, keepdims: 0 });
  return graph.op('Cast', [nearest], { to: 6 }, output); // 6: i32
}

/** `ids [1, rows, columns]` → `[1, width, rows, columns]`. */
export function codesOf(
  { graph, weights }: Build,
  ids: Value,
  { tensor, codes, width }: Codebook,
  nearness: Nearness,
): Value {
  const load = weights(tensor, [codes, width]);
  const table = graph.initializer(tensor, 'f32', [codes, width], async () =>
    nearness === 'cosine' ? unitRows(await load(), width) : load(),
  );
  return graph.op('Transpose', [graph.op('Gather', [table, ids])], { perm: [0, 3, 1, 2] });
}

/** Every row divided by its length, as PyTorch's `normalize` (a length below 1e-12 counts as that). */
function unitRows(rows: Float32Array, width: number): Float32Array {
  const result = new Float32Array(rows.length);
  for (let start = 0; start < rows.length; start += width) {
    const row = rows.subarray(start, start + width);
    const length = Math.max(Math.hypot(...row), 1e-12);
    row.forEach((value, i) => {
      result[start + i] = value / length;
    });
  }
  return result;
}

/** Minus half the squared length of every row. */
function halfSquares(rows: Float32Array, width: number): Float32Array {
  return Float32Array.from(
    { length: rows.length / width },
    (_, row) =>
      -0.5 * rows.subarray(row * width, (row + 1) * width).reduce((sum, value) => sum + value * value, 0),
  );
}
