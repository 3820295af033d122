/**
 * The memory of a patch stage: the four ids under a patch → what the tokenizer always gets wrong there. A hash of the
 * ids names a row, a second one says whether the row is theirs; ids that are not remembered change nothing. A row is
 * product-quantised (Jégou et al. 2011): a byte a group, which chooses a vector from the group's book. Where nothing is
 * wrong enough to be seen, it says so, and the noise of the quantisation stays away.
 */
import { type Build, weight } from '../../blocks/build.ts';
import type { Value } from '../../onnx/graph.ts';
import type { PatchStageConfig } from './patch-config.ts';

/** Of the four ids of a patch, row by row; sums of ids times these stay below 2³¹. */
const slotFactors = [7919, 104729, 224737, 15401];
const checkFactors = [130003, 257, 199999, 52361];
/** A prime below 2²⁴, up to which float32 holds every whole number. */
const checks = 16777213;
/** Vectors of a book: what a byte can choose from. */
const choices = 256;
const bits = 8;

export interface Remembered {
  /** `bool [n, 1, 1, 1]`: whether the ids of the patch are known. */
  readonly known: Value;
  /** `[n, 3, side, side]`; 0 where they are not. */
  readonly change: Value;
}

/** `ids i32 [n, 4, 4]`: those of the patch and one around. `side`: of a patch. */
export function remember(
  build: Build,
  ids: Value,
  { slots, rows, groups, depth }: NonNullable<PatchStageConfig['memory']>,
  side: number,
): Remembered {
  const { graph } = build;
  const bounds = [graph.integers([1, 1]), graph.integers([3, 3]), graph.integers([1, 2])];
  const own = graph.op('Reshape', [graph.op('Slice', [ids, ...bounds]), graph.integers([-1, 4])]);
  const slot = hash(build, own, 'slot', slotFactors, slots);
  const row = graph.op('Gather', [whole(build, 'index', 'i32', [slots]), slot]);
  const found = graph.op('Equal', [
    graph.op('Gather', [whole(build, 'check', 'i32', [rows]), row]),
    hash(build, own, 'check', checkFactors, checks),
  ]);
  const chosen = bytesOf(build, 'bytes', rows, groups, row);
  const first = graph.initializer('first-choices', 'i32', [groups], () =>
    Int32Array.from({ length: groups }, (_, group) => choices * group),
  );
  const books = weight(build, 'memory.books', [choices * groups, depth]);
  const vectors = graph.op('Gather', [books, graph.op('Add', [chosen, first])]);
  const joined = graph.op('Reshape', [vectors, graph.integers([-1, groups * depth])]);
  const isFound = graph.op('Reshape', [graph.op('Cast', [found], { to: 1 }), graph.integers([-1, 1])]);
  const basis = weight(build, 'memory.sharp.weight', [3 * side ** 2, groups * depth]);
  const flat = graph.op('MatMul', [
    graph.op('Mul', [joined, isFound]),
    graph.op('Transpose', [basis], { perm: [1, 0] }),
  ]);
  return {
    known: graph.op('Reshape', [found, graph.integers([-1, 1, 1, 1])]),
    change: graph.op('Mul', [
      graph.op('Reshape', [flat, graph.integers([-1, 3, side, side])]),
      placesOf(build, bytesOf(build, 'places', rows, bits, row), side),
    ]),
  };
}

/** Where a patch is changed: `[n, 1, side, side]` of 1 and 0, from a bit for every cell of 8 × 8. */
function placesOf({ graph }: Build, bytes: Value, side: number): Value {
  const table = graph.floats(
    'bits',
    [choices, bits],
    Array.from({ length: choices * bits }, (_, at) => (Math.floor(at / bits) >> (at % bits)) & 1),
  );
  const cells = graph.op('Reshape', [
    graph.op('Gather', [table, bytes]),
    graph.integers([-1, 1, bits, bits]),
  ]);
  const scales = graph.floats('cell', [4], [1, 1, side / bits, side / bits]);
  const mode = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  return graph.op('Resize', [cells, undefined, scales], mode);
}

/** Row `row` of a table of bytes, as `i32`. */
function bytesOf(build: Build, name: string, rows: number, width: number, row: Value): Value {
  const table = whole(build, name, 'u8', [rows, width]);
  return build.graph.op('Cast', [build.graph.op('Gather', [table, row])], { to: 6 });
}

/** `Σ id factor mod size`, `[n]`. */
function hash({ graph }: Build, own: Value, name: string, factors: readonly number[], size: number): Value {
  const constant = (what: string, values: readonly number[]): Value =>
    graph.initializer(`${what}.${name}`, 'i32', [values.length], () => Int32Array.from(values));
  const sum = graph.op(
    'ReduceSum',
    [graph.op('Mul', [own, constant('factors', factors)]), graph.integers([1])],
    { keepdims: 0 },
  );
  return graph.op('Mod', [sum, constant('size', [size])]);
}

/** A tensor of whole numbers, which the checkpoint keeps as floats. */
function whole({ graph, weights }: Build, name: string, type: 'u8' | 'i32', shape: readonly number[]): Value {
  const load = weights(`memory.${name}`, shape);
  return graph.initializer(`memory.${name}`, type, shape, async () =>
    type === 'u8' ? Uint8Array.from(await load()) : Int32Array.from(await load()),
  );
}
