/**
 * The body of an upsampler of the Swin kind: stages of blocks of window attention, a convolution and a shortcut around
 * each stage and around all. What a block does is the family's. `[1, 3, rows, columns]` → `[1, width, rows, columns]`.
 */
import type { Value } from '../onnx/graph.ts';
import type { Build } from './build.ts';
import { convolution } from './convolution.ts';
import { leaky } from './enlarging.ts';
import { layerNorm } from './transformer.ts';
import { createWindows, offsetIndex, type Windows } from './windows.ts';

/** The convolutions at the end of a stage and of the body: one of 3 × 3, or three through a quarter of the channels. */
export type Residual = '1conv' | '3conv';

export interface SwinPlan {
  /** Channels of the body. */
  readonly width: number;
  /** Side of the windows of attention, pixels. */
  readonly window: number;
  readonly stages: readonly { readonly depth: number; readonly heads: number }[];
  /** Width between the two linears of a block. */
  readonly hidden: number;
  /** At the end of a stage. */
  readonly residual: Residual;
  /** At the end of the body. */
  readonly after: Residual;
}

/** Prefixes of tensors, and what differs beside the blocks. */
export interface SwinNames {
  readonly first: string;
  /** Convolution of 1 × 1 before the first norm. */
  readonly embed?: string | undefined;
  readonly embedNorm: string;
  readonly block: (stage: number, index: number) => string;
  readonly stageEnd: (stage: number) => string;
  /** Convolution of 1 × 1 after the end of a stage. */
  readonly stageEmbed?: ((stage: number) => string) | undefined;
  readonly norm: string;
  readonly after: string;
  readonly epsilon: number;
  /** What the scores of positions get that are not to see each other. */
  readonly hidden: number;
}

export interface SwinBlock {
  readonly prefix: string;
  readonly heads: number;
  readonly isShifted: boolean;
}

/** `x [1, rows, columns, width]` → the same. */
export type BuildSwinBlock = (build: Build, x: Value, block: SwinBlock, windows: Windows) => Value;

/** `size` i64 `[2]`: rows and columns, multiples of the window. */
export function swinBody(
  build: Build,
  normal: Value,
  size: Value,
  { width, window, stages, residual, after }: SwinPlan,
  names: SwinNames,
  buildBlock: BuildSwinBlock,
): Value {
  const { graph } = build;
  const windows = createWindows(graph, size, { side: window, width, hidden: names.hidden });
  const narrow = (x: Value, prefix: string): Value =>
    convolution(build, x, { prefix, inputs: width, outputs: width, kernel: 1 });
  const first = { prefix: names.first, inputs: 3, outputs: width, kernel: 3, padding: 1 };
  const shallow = convolution(build, normal, first);
  const embedded = names.embed === undefined ? shallow : narrow(shallow, names.embed);
  let x = layerNorm(build, lastAxis(build, embedded), names.embedNorm, width, names.epsilon);
  for (const [stage, { depth, heads }] of stages.entries()) {
    let inner = x;
    for (let index = 0; index < depth; index++) {
      const block = { prefix: names.block(stage, index), heads, isShifted: index % 2 === 1 };
      inner = buildBlock(build, inner, block, windows);
    }
    const mixed = residualConvolution(build, firstAxis(build, inner), names.stageEnd(stage), width, residual);
    const ended = names.stageEmbed === undefined ? mixed : narrow(mixed, names.stageEmbed(stage));
    x = graph.op('Add', [lastAxis(build, ended), x]);
  }
  const deep = firstAxis(build, layerNorm(build, x, names.norm, width, names.epsilon));
  return graph.op('Add', [residualConvolution(build, deep, names.after, width, after), shallow]);
}

function residualConvolution(
  build: Build,
  x: Value,
  prefix: string,
  width: number,
  residual: Residual,
): Value {
  if (residual === '1conv')
    return convolution(build, x, { prefix, inputs: width, outputs: width, kernel: 3, padding: 1 });
  const narrow = Math.floor(width / 4);
  const first = { prefix: `${prefix}.0`, inputs: width, outputs: narrow, kernel: 3, padding: 1 };
  const second = { prefix: `${prefix}.2`, inputs: narrow, outputs: narrow, kernel: 1 };
  const third = { prefix: `${prefix}.4`, inputs: narrow, outputs: width, kernel: 3, padding: 1 };
  const inner = leaky(build, convolution(build, x, first), 0.2);
  return convolution(build, leaky(build, convolution(build, inner, second), 0.2), third);
}

/**
 * How many positions away from a span those lie that a body makes it of, at most: `[first, last]` of the span → that of
 * what it sees. Attention sees whole windows, every other block moved ones.
 */
export function seenBy(
  [first, last]: readonly [number, number],
  { window, stages, residual, after }: SwinPlan,
): [number, number] {
  const around = (kind: Residual): number => (kind === '1conv' ? 1 : 2);
  let [from, to] = [first - around(after), last + around(after)];
  for (const { depth } of [...stages].reverse()) {
    [from, to] = [from - around(residual), to + around(residual)];
    for (let block = depth - 1; block >= 0; block--) {
      const shift = block % 2 === 0 ? 0 : Math.floor(window / 2);
      const startOf = (position: number): number => Math.floor((position - shift) / window) * window + shift;
      [from, to] = [startOf(from), startOf(to) + window - 1];
    }
  }
  return [from - 1, to + 1]; // the first convolution
}

export interface WindowScores {
  /** `[windows, heads, side², side²]`, without biases. */
  readonly scores: Value;
  /** `[heads, side², side²]` */
  readonly bias: Value;
  readonly block: SwinBlock;
}

/** `x [windows, side², heads * headWidth]` → `[windows, heads, side², headWidth]`. */
export function headsOf({ graph }: Build, x: Value, heads: number, headWidth: number): Value {
  const apart = graph.op('Reshape', [x, graph.integers([0, 0, heads, headWidth])]);
  return graph.op('Transpose', [apart], { perm: [0, 2, 1, 3] });
}

/** `query`, `key` `[windows, heads, side², headWidth]` → the product of every pair. */
export function scoresOf({ graph }: Build, query: Value, key: Value): Value {
  return graph.op('MatMul', [query, graph.op('Transpose', [key], { perm: [0, 1, 3, 2] })]);
}

/** A table of biases `[(2 side − 1)², heads]` → by query and key `[heads, side², side²]`. */
export function biasOf({ graph }: Build, table: Value, side: number): Value {
  const index = graph.initializer('window.offsets', 'i64', [side ** 2, side ** 2], () => offsetIndex(side));
  return graph.op('Transpose', [graph.op('Gather', [table, index])], { perm: [2, 0, 1] });
}

/** Values of the heads weighed by the scores: `[windows, side², width]`. */
export function attend(
  { graph }: Build,
  { scores, bias, block }: WindowScores,
  value: Value,
  { mask }: Windows,
): Value {
  const biased = graph.op('Add', [scores, bias]);
  const seen = block.isShifted ? graph.op('Add', [biased, mask]) : biased;
  const mixed = graph.op('MatMul', [graph.op('Softmax', [seen], { axis: -1 }), value]);
  return graph.op('Reshape', [
    graph.op('Transpose', [mixed], { perm: [0, 2, 1, 3] }),
    graph.integers([0, 0, -1]),
  ]);
}

/** `[1, width, rows, columns]` → `[1, rows, columns, width]`. */
function lastAxis({ graph }: Build, x: Value): Value {
  return graph.op('Transpose', [x], { perm: [0, 2, 3, 1] });
}

/** The other way round. */
function firstAxis({ graph }: Build, x: Value): Value {
  return graph.op('Transpose', [x], { perm: [0, 3, 1, 2] });
}
