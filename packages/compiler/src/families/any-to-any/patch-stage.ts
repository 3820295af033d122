/**
 * The patch stage: patches of 16 px as the tokenizer drew them → the same sharper, and at two or four times their side, in
 * one call. One trunk in the manner of ConvNeXt (Liu et al. 2022, arXiv 2201.03545) and one memory serve all heads; noise
 * and place shift and scale the trunk's norms (AdaLN, Peebles & Xie 2023, arXiv 2212.09748). Every patch of a batch is on
 * its own, and no cell of 4 px sees more than one cell around it, so a border of a patch is like any other border of ids.
 */
import { type Build, type Weights, weight } from '../../blocks/build.ts';
import { convolution, gelu, pixelShuffle } from '../../blocks/convolution.ts';
import { affine, layerNorm } from '../../blocks/transformer.ts';
import { GraphBuilder, type Value } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import { type Art, crop, ownArt, paint, paintFourfold, trustOf } from './patch-art.ts';
import type { PatchStageConfig } from './patch-config.ts';
import { enlargeByLanczos, reach } from './patch-lanczos.ts';
import { type Recalled, remember } from './patch-memory.ts';
import { patchSizes } from './patch-sizes.ts';

export interface PatchPlan
  extends Pick<PatchStageConfig, 'width' | 'hidden' | 'blocks' | 'condition' | 'places' | 'memory'> {
  /** Ids of the image tokenizer; one more says that an id is unknown. */
  readonly codes: number;
  /** What one call gives; one head alone is there to be measured beside both. Default both. */
  readonly heads?: 'both' | 'sharp' | 'large' | undefined;
}

const { side, halo, cell, factor, beside } = patchSizes;
const window = side + 2 * halo;
const cells = side / cell;
/** Ids a side that the network sees. */
const idWindow = side / factor + 2 * beside;
/** What a pixel at the border of an id takes from the one beyond it. */
const soft = 1 / 8;
/** Noise below this counts as this. */
const smallestSigma = 0.002;
/** Of the noise's logarithm. */
const frequencies = [0.5, 1, 2, 4];

/**
 * `draft`, `state [n, 3, 24, 24]` in −1…1 (what was drawn; the same with the patch as sharp as it is so far),
 * `sigma [n]`, `place [n, 2]` (row and column of the patch), `ids [n, 6, 6]` (`codes`: unknown), `double [m]` and
 * `quadruple [k]` (which patches are enlarged)
 * → `sharp [n, 3, 16, 16]`, `twofold [m, 3, 32, 32]`, `fourfold [k, 3, 64, 64]`, about −1…1 (not clipped).
 */
export function buildPatchStage(plan: PatchPlan, weights: Weights): Model {
  const graph = new GraphBuilder('image-patches');
  const build: Build = { graph, weights };
  const draft = graph.input('draft', 'f32', ['n', 3, window, window]);
  const state = graph.input('state', 'f32', ['n', 3, window, window]);
  const sigma = graph.input('sigma', 'f32', ['n']);
  const place = graph.input('place', 'i32', ['n', 2]);
  const ids = graph.input('ids', 'i32', ['n', idWindow, idWindow]);

  const heads = plan.heads ?? 'both';
  const memory = plan.memory && recalled(build, ids, plan.memory, plan.codes);
  const x = trunk(build, { draft, state, sigma, place }, plan);
  if (heads !== 'large') sharpen(build, state, x, plan, memory);
  if (heads !== 'sharp') {
    const given = { draft, soft: soften(graph, draft), x, memory };
    enlarge(build, { ...given, times: 2, which: graph.input('double', 'i32', ['m']) }, plan);
    enlarge(build, { ...given, times: 4, which: graph.input('quadruple', 'i32', ['k']) }, plan);
  }
  return graph.build();
}

interface Memory {
  readonly sizes: NonNullable<PatchPlan['memory']>;
  readonly found: Recalled;
  readonly own: Art;
}

function recalled(build: Build, ids: Value, sizes: Memory['sizes'], codes: number): Memory {
  const found = remember(build, ids, sizes, codes);
  return { sizes, found, own: ownArt(build, found, sizes) };
}

type Inputs = Readonly<Record<'draft' | 'state' | 'sigma' | 'place', Value>>;

/** A vector for every cell of the patch: `[n, width, 4, 4]`. Does not see the ids: it would know its training by heart. */
function trunk(build: Build, { draft, state, sigma, place }: Inputs, plan: PatchPlan): Value {
  const { graph } = build;
  const { width } = plan;
  const both = graph.op('Concat', [state, draft], { axis: 1 });
  const stem = { prefix: 'stem', inputs: 6, outputs: width, kernel: cell, stride: cell };
  const seen = convolution(build, both, stem);
  const kernel = weight(build, 'around.weight', [width, 1, 3, 3]);
  const around = graph.op('Conv', [seen, kernel, weight(build, 'around.bias', [width])], {
    kernel_shape: [3, 3],
    group: width,
  });
  const mixed = graph.op('Add', [crop(graph, seen, cells + 2, cells), around]);
  let x = graph.op('Transpose', [mixed], { perm: [0, 2, 3, 1] });
  const condition = conditionOf(build, sigma, place, plan);
  for (let i = 0; i < plan.blocks; i++) x = block(build, x, condition, `blocks.${i}`, plan);
  return graph.op('Transpose', [layerNorm(build, x, 'norm', width)], { perm: [0, 3, 1, 2] });
}

/** Noise, row and column as one vector: `[n, condition]`. */
function conditionOf(build: Build, sigma: Value, place: Value, { condition, places }: PatchPlan): Value {
  const { graph } = build;
  const noise = graph.op('Log', [
    graph.op('Max', [sigma, graph.floats('smallest-sigma', [1], [smallestSigma])]),
  ]);
  const column = graph.op('Reshape', [noise, graph.integers([-1, 1])]);
  const angle = graph.op('Mul', [column, graph.floats('frequencies', [1, frequencies.length], frequencies)]);
  const waves = graph.op('Concat', [graph.op('Cos', [angle]), graph.op('Sin', [angle])], { axis: 1 });
  const first = gelu(build, affine(build, waves, 'sigma.0', 2 * frequencies.length, condition));
  const level = affine(build, first, 'sigma.1', condition, condition);
  const last = graph.initializer('last-place', 'i32', [1], () => Int32Array.of(places - 1));
  const inside = graph.op('Min', [place, last]);
  const parts = graph.ops('Split', [inside, graph.integers([1, 1])], { axis: 1 }, [
    undefined,
    undefined,
  ] as const);
  const [row, across] = (['row', 'column'] as const).map((name, index) => {
    const table = weight(build, `${name}.weight`, [places, condition]);
    const at = graph.op('Reshape', [parts[index]!, graph.integers([-1])]);
    return graph.op('Gather', [table, at]);
  });
  return gelu(build, graph.op('Add', [graph.op('Add', [level, row]), across]));
}

/** `x + down(gelu(up(modulated norm)))`; `x [n, 4, 4, width]`. */
function block(build: Build, x: Value, condition: Value, prefix: string, plan: PatchPlan): Value {
  const { graph } = build;
  const { width, hidden } = plan;
  const normed = layerNorm(build, x, `${prefix}.norm`, width);
  const modulation = affine(build, condition, `${prefix}.modulate`, plan.condition, 2 * width);
  const spread = graph.op('Reshape', [modulation, graph.integers([-1, 1, 1, 2 * width])]);
  const [scale, shift] = graph.ops('Split', [spread, graph.integers([width, width])], { axis: -1 }, [
    undefined,
    undefined,
  ] as const);
  const factorOf = graph.op('Add', [scale, graph.floats('one', [1], [1])]);
  const moved = graph.op('Add', [graph.op('Mul', [normed, factorOf]), shift]);
  const wide = gelu(build, affine(build, moved, `${prefix}.up`, width, hidden));
  return graph.op('Add', [x, affine(build, wide, `${prefix}.down`, hidden, width)]);
}

/** What a head says of every cell as the change of the patch, `times` as large; less within a pixel of where ids meet. */
function painted(build: Build, values: Value, times: number): Value {
  const { graph } = build;
  const size = side * times;
  const across = Array.from({ length: size }, (_, i) => {
    const at = ((i + 0.5) / times) % factor;
    return Math.min(at, factor - at, 1);
  });
  const inner = graph.floats(
    `inner.${times}`,
    [size, size],
    across.flatMap((y) => across.map((x) => y * x)),
  );
  return graph.op('Mul', [pixelShuffle(build, values, times * cell), inner]);
}

/** Output `sharp`: the patch and what the trunk changes in it, and in place of both what is remembered. */
function sharpen(
  build: Build,
  state: Value,
  x: Value,
  { width }: PatchPlan,
  memory: Memory | undefined,
): void {
  const { graph } = build;
  const head = { prefix: 'sharp', inputs: width, outputs: 3 * cell ** 2, kernel: 1 };
  const change = painted(build, convolution(build, x, head), 1);
  const own = graph.op('Add', [crop(graph, state, window, side), change]);
  const art = memory && paint(build, memory.own, memory.sizes, 1);
  mixed(build, own, art, memory, 1, 'sharp', 'n');
}

interface Enlargement {
  readonly draft: Value;
  /** The same, softened. */
  readonly soft: Value;
  readonly x: Value;
  readonly memory: Memory | undefined;
  readonly times: 2 | 4;
  /** `i32 [m]`: the patches that are enlarged. */
  readonly which: Value;
}

/** Output `twofold` or `fourfold`: what was drawn, enlarged by Lanczos, and its detail, and in place of both what is remembered. */
function enlarge(
  build: Build,
  { draft, soft, x, memory, times, which }: Enlargement,
  { width }: PatchPlan,
): void {
  const { graph } = build;
  const of = (all: Value): Value => graph.op('Gather', [all, which]);
  const prefix = times === 2 ? 'twofold' : 'fourfold';
  const head = { prefix, inputs: width, outputs: 3 * (times * cell) ** 2, kernel: 1 };
  const detail = painted(build, convolution(build, of(x), head), times);
  const plain = enlargeByLanczos(graph, crop(graph, of(soft), window, side + 2 * reach), times);
  const own = graph.op('Add', [plain, detail]);
  const some = memory && only(memory, of);
  const art =
    some &&
    (times === 2
      ? paint(build, some.own, some.sizes, 2)
      : paintFourfold(build, some.found, some.sizes, of(draft)));
  mixed(build, own, art, some, times, prefix, times === 2 ? 'm' : 'k');
}

/** The drawing of one id does not meet the next one's: at its border a pixel takes something from the one beyond. */
function soften(graph: GraphBuilder, draft: Value): Value {
  const matrix = Array.from({ length: window ** 2 }, (_, at) => {
    const [row, column] = [Math.floor(at / window), at % window];
    const place = (row - halo + factor) % factor; // in its id; a window begins in the middle of one
    const beyond = place === 0 ? row - 1 : place === factor - 1 ? row + 1 : row;
    if (column === row) return beyond === row ? 1 : 1 - soft;
    return column === beyond ? soft : 0;
  });
  const across = graph.floats('soften', [window, window], matrix);
  return graph.op('MatMul', [graph.op('MatMul', [across, draft]), across]);
}

/** What is known of some patches. */
function only({ sizes, found, own }: Memory, of: (all: Value) => Value): Memory {
  const { cell, tint, picked, believed, inside } = found;
  const some = {
    cell: of(cell),
    tint: of(tint),
    picked: of(picked),
    believed: of(believed),
    inside: of(inside),
  };
  return { sizes, found: some, own: { values: of(own.values), tint: of(own.tint) } };
}

/** The output `name`: `own`, and as far as the memory is trusted its `art`. */
function mixed(
  build: Build,
  own: Value,
  art: Value | undefined,
  memory: Memory | undefined,
  times: number,
  name: string,
  count: string,
): void {
  const { graph } = build;
  const size = side * times;
  const trusted =
    art && memory && graph.op('Mul', [trustOf(build, memory.found, times), graph.op('Sub', [art, own])]);
  const whole = trusted ? graph.op('Add', [own, trusted], {}, name) : graph.op('Identity', [own], {}, name);
  graph.output(whole, 'f32', [count, 3, size, size]);
}
