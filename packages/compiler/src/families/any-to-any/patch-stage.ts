/**
 * The patch stage: patches of 16 px as the tokenizer drew them → the same sharper, and at twice their side, in one
 * call. One trunk in the manner of ConvNeXt (Liu et al. 2022, arXiv 2201.03545) serves both heads; noise and place
 * shift and scale its norms (AdaLN, Peebles & Xie 2023, arXiv 2212.09748). Every patch of a batch is on its own.
 */
import { type Build, type Weights, weight } from '../../blocks/build.ts';
import { convolution, gelu, pixelShuffle } from '../../blocks/convolution.ts';
import { affine, layerNorm } from '../../blocks/transformer.ts';
import { GraphBuilder, type Value } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import type { PatchStageConfig } from './patch-config.ts';
import { type Remembered, remember } from './patch-memory.ts';

export interface PatchPlan
  extends Pick<
    PatchStageConfig,
    'codeWidth' | 'width' | 'hidden' | 'blocks' | 'kernel' | 'condition' | 'places' | 'memory'
  > {
  /** Ids of the image tokenizer; one more says that an id is unknown. */
  readonly codes: number;
  /** What one call gives; one head alone is there to be measured beside both. Default both. */
  readonly heads?: 'both' | 'sharp' | 'large' | undefined;
}

/** Sizes of the family, pixels: a patch, the border of its neighbours it sees, a cell of the trunk, one id. */
export const patchSizes = { side: 16, halo: 4, cell: 4, factor: 8 } as const;

const { side, halo, cell, factor } = patchSizes;
const window = side + 2 * halo;
const cells = side / cell;
/** Ids a side that the network sees: those of the patch and one around. */
const idWindow = side / factor + 2;
/** Noise below this counts as this. */
const smallestSigma = 0.002;
/** Of the noise's logarithm. */
const frequencies = [0.5, 1, 2, 4];

/**
 * `draft`, `state [n, 3, 24, 24]` in −1…1 (what was drawn; the same with the patch as sharp as it is so far),
 * `sigma [n]`, `place [n, 2]` (row and column of the patch), `ids [n, 4, 4]` (`codes`: unknown)
 * → `sharp [n, 3, 16, 16]`, `large [n, 3, 32, 32]`, about −1…1 (not clipped).
 */
export function buildPatchStage(plan: PatchPlan, weights: Weights): Model {
  const graph = new GraphBuilder('image-patches');
  const build: Build = { graph, weights };
  const { width, blocks } = plan;
  const draft = graph.input('draft', 'f32', ['n', 3, window, window]);
  const given = graph.input('state', 'f32', ['n', 3, window, window]);
  const sigma = graph.input('sigma', 'f32', ['n']);
  const place = graph.input('place', 'i32', ['n', 2]);
  const ids = graph.input('ids', 'i32', ['n', idWindow, idWindow]);

  const heads = plan.heads ?? 'both';
  const memory = plan.memory && remember(build, ids, plan.memory, side);
  const state = memory ? recalled(build, draft, given, memory) : given;
  const both = graph.op('Concat', [state, draft], { axis: 1 });
  const stem = { prefix: 'stem', inputs: 6, outputs: width, kernel: cell, stride: cell };
  let x = graph.op('Add', [convolution(build, both, stem), codesOf(build, ids, plan)]);
  const condition = conditionOf(build, sigma, place, plan);
  for (let i = 0; i < blocks; i++) x = block(build, x, condition, `blocks.${i}`, plan);
  x = graph.op('Transpose', [middle(build, x, 1, 1 + cells)], { perm: [0, 2, 3, 1] });
  x = graph.op('Transpose', [layerNorm(build, x, 'norm', width)], { perm: [0, 3, 1, 2] });

  const change = heads === 'large' ? undefined : sharpen(build, state, x, width);
  if (heads !== 'sharp') enlarge(build, state, change, x, width);
  return graph.build();
}

/** The window of the state; where the ids are known, the patch in it is what was drawn with its errors taken away. */
function recalled(build: Build, draft: Value, state: Value, { known, change }: Remembered): Value {
  const { graph } = build;
  const drawn = middle(build, draft, halo, halo + side);
  const own = graph.op('Sub', [graph.op('Add', [drawn, change]), middle(build, state, halo, halo + side)]);
  const added = graph.op('Where', [known, own, graph.floats('nothing', [1], [0])]);
  const pads = graph.integers([0, 0, halo, halo, 0, 0, halo, halo]);
  return graph.op('Add', [state, graph.op('Pad', [added, pads])]);
}

/** What the ids say of every cell: `[n, width, 6, 6]`. An id is 2 × 2 cells; the outer half of the outer ids is cut. */
function codesOf(build: Build, ids: Value, { codes, codeWidth, width }: PatchPlan): Value {
  const { graph } = build;
  const rows = graph.op('Gather', [weight(build, 'table.weight', [codes + 1, codeWidth]), ids]);
  const planes = graph.op('Transpose', [rows], { perm: [0, 3, 1, 2] });
  const mixed = convolution(build, planes, {
    prefix: 'code',
    inputs: codeWidth,
    outputs: 4 * width,
    kernel: 1,
  });
  return middle(build, pixelShuffle(build, mixed, factor / cell), 1, 1 + window / cell);
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

/** `x + down(gelu(up(modulated norm of the depthwise convolution)))`; `x [n, width, 6, 6]`. */
function block(build: Build, x: Value, condition: Value, prefix: string, plan: PatchPlan): Value {
  const { graph } = build;
  const { width, hidden, kernel } = plan;
  const around = Math.floor(kernel / 2);
  const spatial = graph.op(
    'Conv',
    [
      x,
      weight(build, `${prefix}.spatial.weight`, [width, 1, kernel, kernel]),
      weight(build, `${prefix}.spatial.bias`, [width]),
    ],
    { kernel_shape: [kernel, kernel], pads: [around, around, around, around], group: width },
  );
  const normed = layerNorm(
    build,
    graph.op('Transpose', [spatial], { perm: [0, 2, 3, 1] }),
    `${prefix}.norm`,
    width,
  );
  const modulation = affine(build, condition, `${prefix}.modulate`, plan.condition, 2 * width);
  const spread = graph.op('Reshape', [modulation, graph.integers([-1, 1, 1, 2 * width])]);
  const [scale, shift] = graph.ops('Split', [spread, graph.integers([width, width])], { axis: -1 }, [
    undefined,
    undefined,
  ] as const);
  const factorOf = graph.op('Add', [scale, graph.floats('one', [1], [1])]);
  const moved = graph.op('Add', [graph.op('Mul', [normed, factorOf]), shift]);
  const wide = gelu(build, affine(build, moved, `${prefix}.up`, width, hidden));
  const narrow = affine(build, wide, `${prefix}.down`, hidden, width);
  return graph.op('Add', [x, graph.op('Transpose', [narrow], { perm: [0, 3, 1, 2] })]);
}

/** Output `sharp`: the patch, and what the trunk changes in it. Returns the change. */
function sharpen(build: Build, state: Value, trunk: Value, width: number): Value {
  const head = { prefix: 'sharp', inputs: width, outputs: 3 * cell ** 2, kernel: 1 };
  const change = pixelShuffle(build, convolution(build, trunk, head), cell);
  const inner = middle(build, state, halo, halo + side);
  build.graph.output(build.graph.op('Add', [inner, change], {}, 'sharp'), 'f32', ['n', 3, side, side]);
  return change;
}

/** Output `large`: the sharpened patch among its neighbours, twice as large by cubic interpolation, and its detail. */
function enlarge(build: Build, state: Value, change: Value | undefined, trunk: Value, width: number): void {
  const { graph } = build;
  const head = { prefix: 'large', inputs: width, outputs: 3 * (2 * cell) ** 2, kernel: 1 };
  const detail = pixelShuffle(build, convolution(build, trunk, head), 2 * cell);
  const pads = graph.integers([0, 0, halo, halo, 0, 0, halo, halo]);
  const among = change ? graph.op('Add', [state, graph.op('Pad', [change, pads])]) : state;
  const scales = graph.floats('twice', [4], [1, 1, 2, 2]);
  const mode = { mode: 'cubic', coordinate_transformation_mode: 'half_pixel' };
  const resized = graph.op('Resize', [among, undefined, scales], mode);
  const smooth = middle(build, resized, 2 * halo, 2 * (halo + side));
  graph.output(graph.op('Add', [smooth, detail], {}, 'large'), 'f32', ['n', 3, 2 * side, 2 * side]);
}

/** Rows and columns `from … to−1`. */
function middle({ graph }: Build, x: Value, from: number, to: number): Value {
  const bounds = [graph.integers([from, from]), graph.integers([to, to]), graph.integers([2, 3])];
  return graph.op('Slice', [x, ...bounds]);
}
