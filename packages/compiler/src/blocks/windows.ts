/**
 * Windows of a picture for attention (Liu et al. 2021, arXiv 2103.14030): cuts `[1, rows, columns, width]` into squares,
 * shifted or not, and puts them together again. Any size that is a multiple of the window; it is read while running.
 */
import type { GraphBuilder, Value } from '../onnx/graph.ts';

export interface Windows {
  /** Side of a window, positions. */
  readonly side: number;
  /** Positions that every other block's windows are moved by, to the right and down. */
  readonly shift: number;
  /** `[1, rows, columns, width]` → `[windows, side², width]`. */
  cut(x: Value, isShifted: boolean): Value;
  /** The other way round. */
  join(x: Value, isShifted: boolean): Value;
  /** `[windows, 1, side², side²]`: 0, and `hidden` between positions that only the shift made neighbours. */
  readonly mask: Value;
}

export interface WindowsPlan {
  readonly side: number;
  readonly width: number;
  /** What is added to the scores of positions that are not to see each other. */
  readonly hidden: number;
}

/** `size` i64 `[2]`: rows and columns. */
export function createWindows(
  graph: GraphBuilder,
  size: Value,
  { side, width, hidden }: WindowsPlan,
): Windows {
  const shift = Math.floor(side / 2);
  const [one, sides, channels] = [[1], [side], [width]].map((values) => graph.integers(values));
  const [rows, columns] = graph.ops('Split', [size, graph.integers([1, 1])], { axis: 0 }, [
    undefined,
    undefined,
  ] as const);
  const [down, across] = [rows, columns].map((length) => graph.op('Div', [length, sides]));
  const shape = (...parts: (Value | undefined)[]): Value => graph.op('Concat', parts, { axis: 0 });
  const apart = shape(one, down, sides, across, sides, channels);
  const grouped = shape(one, down, across, sides, sides, channels);
  const whole = shape(one, rows, columns, channels);
  const flat = graph.integers([-1, side * side, width]);
  const swap = (x: Value): Value => graph.op('Transpose', [x], { perm: [0, 1, 3, 2, 4, 5] });
  return {
    side,
    shift,
    cut(x, isShifted) {
      const moved = isShifted ? roll(graph, roll(graph, x, 1, shift), 2, shift) : x;
      return graph.op('Reshape', [swap(graph.op('Reshape', [moved, apart])), flat]);
    },
    join(x, isShifted) {
      const moved = graph.op('Reshape', [swap(graph.op('Reshape', [x, grouped])), whole]);
      return isShifted ? roll(graph, roll(graph, moved, 1, -shift), 2, -shift) : moved;
    },
    mask: maskOf(graph, [rows, columns], [down, across] as [Value, Value], { side, shift, hidden }), // two were given
  };
}

/** Positions `by …` first, those before them last; `by` below 0 counts from the end. */
function roll(graph: GraphBuilder, x: Value, axis: number, by: number): Value {
  const [none, at, end, axes] = [[0], [by], [Number.MAX_SAFE_INTEGER], [axis]].map((values) =>
    graph.integers(values),
  );
  const first = graph.op('Slice', [x, none, at, axes]);
  return graph.op('Concat', [graph.op('Slice', [x, at, end, axes]), first], { axis });
}

/** A moved picture's last `side` rows are of two regions: what was there, and what came round from the top. */
function maskOf(
  graph: GraphBuilder,
  [rows, columns]: readonly [Value, Value],
  [down, across]: readonly [Value, Value],
  { side, shift, hidden }: { readonly side: number; readonly shift: number; readonly hidden: number },
): Value {
  const [zero, step] = [0, 1].map((value) =>
    graph.initializer(`scalar.${value}`, 'i64', [], () => BigInt64Array.of(BigInt(value))),
  );
  /** `[length]`: 0, 1 from `side` before the end, 2 from `shift` before the end. */
  const regions = (length: Value): Value => {
    const at = graph.op('Range', [zero, graph.op('Squeeze', [length]), step]);
    const counts = [side, shift].map((back) => {
      const from = graph.op('Sub', [length, graph.integers([back])]);
      return graph.op('Cast', [graph.op('GreaterOrEqual', [at, from])], { to: 7 });
    });
    return graph.op('Add', counts);
  };
  const vertical = graph.op('Mul', [regions(rows), graph.integers([3])]);
  const labels = graph.op('Add', [
    graph.op('Unsqueeze', [vertical, graph.integers([1])]),
    graph.op('Unsqueeze', [regions(columns), graph.integers([0])]),
  ]);
  const sides = graph.integers([side]);
  const apart = graph.op('Concat', [down, sides, across, sides], { axis: 0 });
  const cut = graph.op('Transpose', [graph.op('Reshape', [labels, apart])], { perm: [0, 2, 1, 3] });
  const [queries, keys] = [
    [-1, 1, side * side, 1],
    [-1, 1, 1, side * side],
  ].map((dims) => graph.op('Reshape', [cut, graph.integers(dims)]));
  const same = graph.op('Equal', [queries, keys]);
  const [shown, unseen] = [
    graph.floats('window.shown', [], [0]),
    graph.floats('window.hidden', [], [hidden]),
  ];
  return graph.op('Where', [same, shown, unseen]);
}

/** `[side², side²]`, by query and key: which of the `(2 side − 1)²` offsets they have, rows first. */
export function offsetIndex(side: number): BigInt64Array {
  const index = new BigInt64Array(side ** 4);
  for (let query = 0; query < side * side; query++) {
    for (let key = 0; key < side * side; key++) {
      const down = Math.floor(query / side) - Math.floor(key / side) + side - 1;
      const across = (query % side) - (key % side) + side - 1;
      index[query * side * side + key] = BigInt(down * (2 * side - 1) + across);
    }
  }
  return index;
}
