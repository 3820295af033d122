/**
 * The memory of a patch stage: any two by two ids → the piece of art they stand for. A corner of the grid of ids has four
 * cells of 8 px around it; hashes of their ids find it in a table (cuckoo hashing, Pagh & Rodler 2001), which names the
 * cells, what treatment they were given and on what background they lie. Corners that disagree about a cell are not
 * believed. Knows nothing of pixels; `patch-art.ts` paints what is found.
 */
import type { Build } from '../../blocks/build.ts';
import type { GraphBuilder, Value } from '../../onnx/graph.ts';
import type { PatchStageConfig } from './patch-config.ts';
import { patchSizes } from './patch-sizes.ts';

/** Of the four ids around a corner; sums of ids times these stay below 2³¹. */
const firstFactors = [7919, 104729, 224737, 15401];
const secondFactors = [130003, 257, 199999, 52361];
const checkFactors = [3571, 190027, 27449, 93719];
/** The largest prime of two bytes. */
const checks = 65521;
/** Of a bucket. */
const places = 4;

const { side, factor, beside } = patchSizes;
/** A side, of the cells of the patch; of the ids that are seen; of the corners inside these; of the cells with all corners there. */
const own = side / factor;
const idWindow = own + 2 * beside;
const corners = idWindow - 1;
export const cells = corners - 1;

export type MemorySizes = NonNullable<PatchStageConfig['memory']>;

/** What is found for a batch of patches. The cells of a patch and one around are sixteen, row by row; its own are four. */
export interface Recalled {
  /** `i32 [n, 16]`: which cell, and its treatment and background. */
  readonly cell: Value;
  readonly tint: Value;
  /** `f32 [n, 16]`: 1 where a corner names it at all. */
  readonly picked: Value;
  /** `f32 [n, 4, 4]`: by cell of the patch and corner, 1 where what the corner says holds, and where its ids are there. */
  readonly believed: Value;
  readonly inside: Value;
}

/** For every place of a square of `size` a side: the four at its corners in a square of `of` a side. */
function around(size: number, of: number): number[][] {
  return Array.from({ length: size * size }, (_, at) => {
    const first = Math.floor(at / size) * of + (at % size);
    return [first, first + 1, first + of, first + of + 1];
  });
}

const idsOfCorner = around(corners, idWindow);
const cornersOfCell = around(cells, corners);
const cellsOfOwnCorner = around(own + 1, cells);
const ownCornersOfOwnCell = around(own, own + 1);
/** A cell's first corner has it as its last cell. */
const sideways = (four: readonly number[]): number[] => four.map((at, which) => 4 * at + 3 - which);
const ownCorners = cellsOfOwnCorner.map(([first]) => cornersOfCell[first!]![3]!);
/** The cells of the patch, among those and one around. */
export const ownCells = ownCornersOfOwnCell.map(([first]) => cellsOfOwnCorner[first!]![3]!);

/** `ids i32 [n, 6, 6]`: those of the patch and two around, from `codes` on unknown. */
export function remember(build: Build, ids: Value, sizes: MemorySizes, codes: number): Recalled {
  const { graph } = build;
  const whole = (value: number): Value =>
    graph.initializer(`whole.${value}`, 'i32', [1], () => Int32Array.of(value));
  const lastAxis = graph.integers([-1]);
  const sum = (x: Value, keepdims = 0): Value => graph.op('ReduceSum', [x, lastAxis], { keepdims });
  const flat = graph.op('Reshape', [ids, graph.integers([0, idWindow ** 2])]);
  const quads = pick(graph, flat, 'ids-of-corner', idsOfCorner);

  const found = find(build, quads, sizes);
  const { treatments, colours } = sizes;
  const tintOf = graph.op('Mod', [found, whole(treatments * colours)]);
  const corner = graph.op('Div', [found, whole(treatments * colours)]);
  const table = table16(build, 'corners', [sizes.corners, 4]);
  const named = graph.op('Cast', [graph.op('Gather', [table, corner])], { to: 6 });

  const cell = pick(
    graph,
    graph.op('Reshape', [named, graph.integers([0, 4 * corners ** 2])]),
    'cell-of-corner',
    cornersOfCell.map(sideways),
  );
  const tint = pick(graph, tintOf, 'corners-of-cell', cornersOfCell);
  const isKnown = graph.op('Greater', [pick(graph, found, 'corners-of-cell', cornersOfCell), whole(0)]);
  const treatment = graph.op('Mul', [
    graph.op('Div', [tint, whole(colours)]),
    graph.op('Min', [cell, whole(1)]),
  ]);
  const told = graph.op('Add', [graph.op('Mul', [cell, whole(treatments)]), treatment]);
  const said = graph.op('Where', [isKnown, told, whole(-1)]);

  const across = graph.op('Unsqueeze', [said, graph.integers([-2])]);
  const down = graph.op('Unsqueeze', [said, graph.integers([-1])]);
  const agree = sum(graph.op('Cast', [graph.op('Equal', [across, down])], { to: 6 }));
  const known = graph.op('Cast', [isKnown], { to: 6 });
  const order = graph.initializer('order', 'i32', [4], () => Int32Array.of(0, 1, 2, 3));
  const votes = graph.op('Add', [graph.op('Mul', [graph.op('Mul', [agree, known]), whole(4)]), order]);
  const most = graph.op('ReduceMax', [votes, lastAxis], { keepdims: 1 });
  const one = graph.op('Cast', [graph.op('Equal', [votes, most])], { to: 6 });
  const chosen = sum(graph.op('Mul', [one, said]), 1);

  const isKept = graph.op('And', [graph.op('Equal', [said, chosen]), isKnown]);
  const kept = graph.op('Reshape', [
    graph.op('Cast', [isKept], { to: 1 }),
    graph.integers([0, 4 * cells ** 2]),
  ]);
  const held = pick(graph, kept, 'cells-of-own-corner', cellsOfOwnCorner.map(sideways));
  const believed = graph.op('ReduceMin', [held, lastAxis], { keepdims: 0 });
  const isThere = graph.op('Less', [graph.op('ReduceMax', [quads, lastAxis], { keepdims: 0 }), whole(codes)]);
  const isPicked = graph.op('GreaterOrEqual', [chosen, whole(0)]);
  const picked = graph.op('Reshape', [isPicked, graph.integers([0, cells ** 2])]);
  return {
    cell: sum(graph.op('Mul', [one, cell])),
    tint: sum(graph.op('Mul', [one, tint])),
    picked: graph.op('Cast', [picked], { to: 1 }),
    believed: pick(graph, believed, 'own-corners-of-own-cell', ownCornersOfOwnCell),
    inside: pick(
      graph,
      graph.op('Cast', [isThere], { to: 1 }),
      'corners-of-own-cell',
      ownCornersOfOwnCell.map((four) => four.map((at) => ownCorners[at]!)),
    ),
  };
}

/** `[n, 25, 4]` ids around corners → `[n, 25]`: what their place holds, `(corner · treatments + treatment) · colours + colour`; 0: nothing. */
function find(build: Build, quads: Value, { buckets }: MemorySizes): Value {
  const { graph, weights } = build;
  const load = weights('memory.index', [buckets, places]);
  const index = graph.initializer('memory.index', 'i32', [buckets, places], async () =>
    Int32Array.from(await load()),
  );
  const checksum = table16(build, 'check', [buckets, places]);
  const check = graph.op('Unsqueeze', [
    hash(graph, quads, 'check', checkFactors, checks),
    graph.integers([-1]),
  ]);
  const nothing = graph.initializer('whole.0', 'i32', [1], () => Int32Array.of(0));
  const held = [firstFactors, secondFactors].map((factors, i) => {
    const bucket = hash(graph, quads, `bucket-${i}`, factors, buckets);
    const theirs = graph.op('Cast', [graph.op('Gather', [checksum, bucket])], { to: 6 });
    return graph.op('Where', [
      graph.op('Equal', [theirs, check]),
      graph.op('Gather', [index, bucket]),
      nothing,
    ]);
  });
  const all = graph.op('Concat', held, { axis: -1 });
  return graph.op('ReduceMax', [all, graph.integers([-1])], { keepdims: 0 });
}

/** `Σ id factor mod size`, over the last axis. */
function hash(
  graph: GraphBuilder,
  quads: Value,
  name: string,
  factors: readonly number[],
  size: number,
): Value {
  const constant = (what: string, values: readonly number[]): Value =>
    graph.initializer(`${what}.${name}`, 'i32', [values.length], () => Int32Array.from(values));
  const sum = graph.op(
    'ReduceSum',
    [graph.op('Mul', [quads, constant('factors', factors)]), graph.integers([-1])],
    { keepdims: 0 },
  );
  return graph.op('Mod', [sum, constant('size', [size])]);
}

/** Of `x [n, …]`, for every row of `places` those it names: `[n, rows, 4]`. */
function pick(graph: GraphBuilder, x: Value, name: string, places: readonly (readonly number[])[]): Value {
  const indices = graph.initializer(name, 'i32', [places.length, 4], () => Int32Array.from(places.flat()));
  return graph.op('Gather', [x, indices], { axis: 1 });
}

/** A table of whole numbers below 2¹⁶, which the checkpoint keeps as floats. */
function table16({ graph, weights }: Build, name: string, shape: readonly number[]): Value {
  const load = weights(`memory.${name}`, shape);
  return graph.initializer(`memory.${name}`, 'u16', shape, async () => Uint16Array.from(await load()));
}
