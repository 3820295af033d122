/**
 * Paints what the memory of a patch stage found. A cell of art has colour times alpha and alpha, and is product-quantised
 * (Jégou et al. 2011): a byte a group, which chooses a vector from the group's book. What a patch becomes fades from corner
 * to corner between what was drawn and what is remembered, so no border of a patch shows.
 */
import { type Build, weight } from '../../blocks/build.ts';
import type { GraphBuilder, Value } from '../../onnx/graph.ts';
import { enlargeByLanczos, reach } from './patch-lanczos.ts';
import { cells, type MemorySizes, ownCells, type Recalled } from './patch-memory.ts';
import { patchSizes } from './patch-sizes.ts';

/** Vectors of a book: what a byte can choose from. */
const choices = 256;
/** A quarter of a cell's corners are as good as all. */
const trust = 4;
const channels = 4;
const { side, factor } = patchSizes;

/** Cells of art of a batch of patches, as floats that a basis turns into pixels. */
export interface Art {
  /** `f32 [n, cells, groups · depth]`. */
  readonly values: Value;
  /** `i32 [n, cells]`: treatment and background. */
  readonly tint: Value;
}

/** Of the four cells of every patch. */
export function ownArt(build: Build, { cell, tint }: Recalled, sizes: MemorySizes): Art {
  const { graph } = build;
  const own = graph.initializer('own-cells', 'i32', [ownCells.length], () => Int32Array.from(ownCells));
  const of = (x: Value): Value => graph.op('Gather', [x, own], { axis: 1 });
  return { values: valuesOf(build, of(cell), sizes), tint: of(tint) };
}

/** What is remembered of the patch itself, `times` as large: `[n, 3, 16 times, 16 times]`. */
export function paint(build: Build, art: Art, sizes: MemorySizes, times: 1 | 2): Value {
  return paintCells(build, art, sizes, times, side / factor);
}

/**
 * The same four times as large, by Lanczos from twice as large and around. Where nothing is remembered around, the drawing
 * `draft [n, 3, 24, 24]` stands in.
 */
export function paintFourfold(build: Build, recalled: Recalled, sizes: MemorySizes, draft: Value): Value {
  const { graph } = build;
  const all = { values: valuesOf(build, recalled.cell, sizes), tint: recalled.tint };
  const art = paintCells(build, all, sizes, 2, cells);
  const marks = graph.op('Reshape', [recalled.picked, graph.integers([0, 1, cells, cells])]);
  const size = 2 * side + 2 * reach;
  const picked = crop(graph, spread(graph, marks, 1, cells, 2 * factor), cells * 2 * factor, size);
  const window = side + 2 * patchSizes.halo;
  const coarse = crop(graph, spread(graph, draft, 3, window, 2), 2 * window, size);
  const more = graph.op('Sub', [crop(graph, art, cells * 2 * factor, size), coarse]);
  return enlargeByLanczos(graph, graph.op('Add', [coarse, graph.op('Mul', [picked, more])]), 2);
}

/** How much of the patch, `times` as large, is what is remembered: `[n, 1, 16 times, 16 times]`. */
export function trustOf({ graph }: Build, { believed, inside }: Recalled, times: number): Value {
  const cell = factor * times;
  const fade = graph.floats(`fades.${times}`, [4, cell ** 2], fades(cell));
  const least = graph.floats('least', [1], [1e-6]);
  const share = graph.op('Div', [
    graph.op('MatMul', [believed, fade]),
    graph.op('Max', [graph.op('MatMul', [inside, fade]), least]),
  ]);
  const most = graph.op('Min', [
    graph.op('Mul', [share, graph.floats('trust', [1], [trust])]),
    graph.floats('one', [1], [1]),
  ]);
  return joined(graph, most, 1, side / factor, cell);
}

/** What each corner of a cell counts at each of its pixels, together 1: `[4, side²]`. */
function fades(side: number): number[] {
  const at = Array.from({ length: side }, (_, i) => (i + 0.5) / side);
  const halves = [at.map((x) => 1 - x), at];
  return halves.flatMap((down) => halves.flatMap((across) => down.flatMap((y) => across.map((x) => y * x))));
}

/** What the bytes of `cell i32 [n, cells]` choose: `[n, cells, groups · depth]`. */
function valuesOf(build: Build, cell: Value, { cells, groups, depth }: MemorySizes): Value {
  const { graph } = build;
  const load = build.weights('memory.bytes', [cells, groups]);
  const table = graph.initializer('memory.bytes', 'u8', [cells, groups], async () =>
    Uint8Array.from(await load()),
  );
  const bytes = graph.op('Cast', [graph.op('Gather', [table, cell])], { to: 6 });
  const first = graph.initializer('first-choices', 'i32', [groups], () =>
    Int32Array.from({ length: groups }, (_, group) => choices * group),
  );
  const books = weight(build, 'memory.books', [choices * groups, depth]);
  const vectors = graph.op('Gather', [books, graph.op('Add', [bytes, first])]);
  return graph.op('Reshape', [vectors, graph.integers([0, 0, groups * depth])]);
}

/** `count²` cells, row by row → `[n, 3, count 8 times, count 8 times]`. */
function paintCells(
  build: Build,
  { values, tint }: Art,
  { groups, depth, treatments, colours }: MemorySizes,
  times: 1 | 2,
  count: number,
): Value {
  const { graph } = build;
  const size = factor * times;
  const name = times === 1 ? 'memory.small.weight' : 'memory.large.weight';
  const basis = weight(build, name, [channels * size ** 2, groups * depth]);
  const flat = graph.op('MatMul', [values, graph.op('Transpose', [basis], { perm: [1, 0] })]);
  const planes = graph.op('Reshape', [flat, graph.integers([0, 0, channels, size ** 2])]);
  const tints = graph.op('Gather', [
    weight(build, 'memory.tints', [treatments * colours, 3, channels]),
    tint,
  ]);
  const ground = graph.initializer('background-count', 'i32', [1], () => Int32Array.of(colours));
  const behind = graph.op('Gather', [
    weight(build, 'memory.colours', [colours, 3]),
    graph.op('Mod', [tint, ground]),
  ]);
  const painted = graph.op('Add', [
    graph.op('MatMul', [tints, planes]),
    graph.op('Unsqueeze', [behind, graph.integers([-1])]),
  ]);
  return joined(graph, painted, 3, count, size);
}

/** Cells row by row, `[n, count² planes …, size²]` → `[n, planes, count size, count size]`. */
function joined(graph: GraphBuilder, x: Value, planes: number, count: number, size: number): Value {
  const apart = graph.op('Reshape', [x, graph.integers([0, count, count, planes, size, size])]);
  const along = graph.op('Transpose', [apart], { perm: [0, 3, 1, 4, 2, 5] });
  return graph.op('Reshape', [along, graph.integers([0, planes, count * size, count * size])]);
}

/** Every pixel of `[n, planes, size, size]` as `times` × `times`. */
function spread(graph: GraphBuilder, x: Value, planes: number, size: number, times: number): Value {
  const apart = graph.op('Reshape', [x, graph.integers([0, planes, size, 1, size, 1])]);
  const ones = graph.floats(
    `ones.${times}`,
    [1, 1, 1, times, 1, times],
    new Float32Array(times ** 2).fill(1),
  );
  const wide = graph.op('Mul', [apart, ones]);
  return graph.op('Reshape', [wide, graph.integers([0, planes, size * times, size * times])]);
}

/** The middle `to` × `to` of `from` × `from` pixels. */
export function crop(graph: GraphBuilder, x: Value, from: number, to: number): Value {
  const edge = (from - to) / 2;
  const bounds = [
    graph.integers([edge, edge]),
    graph.integers([edge + to, edge + to]),
    graph.integers([2, 3]),
  ];
  return graph.op('Slice', [x, ...bounds]);
}
