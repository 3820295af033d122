/**
 * The end of an upsampler: features `[1, width, rows, columns]` → colours `[1, 3, scale rows, scale columns]`, in the ways
 * of SwinIR (Liang et al. 2021, arXiv 2108.10257) and Swin2SR (Conde et al. 2022, arXiv 2209.11345).
 */
import type { Value } from '../onnx/graph.ts';
import type { Build } from './build.ts';
import { convolution, pixelShuffle } from './convolution.ts';

/** A convolution by the prefix of its tensors, and how many times larger its pixel shuffle makes a side. */
export interface Step {
  readonly prefix: string;
  readonly factor: number;
}

export type Enlarging = Shuffling | Direct | Nearest | Auxiliary | Restoring;

interface Shuffling {
  readonly kind: 'pixelshuffle';
  /** Channels between the convolutions. */
  readonly features: number;
  readonly before: string;
  readonly steps: readonly Step[];
  readonly last: string;
}

/** One convolution and one shuffle. */
interface Direct {
  readonly kind: 'pixelshuffledirect';
  readonly step: Step;
}

/** Twice as large by repeating pixels, then a convolution; as often as there are steps. */
interface Nearest {
  readonly kind: 'nearest+conv';
  readonly features: number;
  readonly before: string;
  readonly steps: readonly string[];
  readonly high: string;
  readonly last: string;
}

/** A picture of the original size in between, and the bicubic enlargement of what came in. */
interface Auxiliary extends Omit<Shuffling, 'kind'> {
  readonly kind: 'pixelshuffle_aux';
  readonly bicubic: string;
  readonly aux: string;
  readonly after: string;
}

/** Nothing becomes larger: what comes in is repaired. */
interface Restoring {
  readonly kind: 'restoring';
  readonly last: string;
}

/** What goes into the end of a network: features, and the pictures it began with, `[1, 3, rows, columns]`. */
export interface Ending {
  readonly features: Value;
  readonly width: number;
  /** In 0…1. */
  readonly pixels: Value;
  /** As the network takes them. */
  readonly normal: Value;
}

const colours = 3;

export function enlarge(build: Build, end: Enlarging, ending: Ending): Value {
  const { features, width, pixels, normal } = ending;
  const across = (x: Value, prefix: string, inputs: number, outputs: number): Value =>
    convolution(build, x, { prefix, inputs, outputs, kernel: 3, padding: 1 });
  if (end.kind === 'restoring')
    return build.graph.op('Add', [normal, across(features, end.last, width, colours)]);
  if (end.kind === 'pixelshuffledirect') {
    const { prefix, factor } = end.step;
    return pixelShuffle(build, across(features, prefix, width, colours * factor ** 2), factor);
  }
  const own = end.features;
  let x = leaky(build, across(features, end.before, width, own), 0.01);
  if (end.kind === 'nearest+conv') {
    for (const step of end.steps) x = leaky(build, across(twice(build, x), step, own, own), 0.2);
    return across(leaky(build, across(x, end.high, own, own), 0.2), end.last, own, colours);
  }
  if (end.kind === 'pixelshuffle_aux') {
    const small = across(x, end.aux, own, colours);
    x = leaky(build, across(small, end.after, colours, own), 0.01);
  }
  for (const { prefix, factor } of end.steps)
    x = pixelShuffle(build, across(x, prefix, own, own * factor ** 2), factor);
  if (end.kind === 'pixelshuffle_aux') {
    const large = cubic(build, pixels, scaleOf(end));
    x = build.graph.op('Add', [x, across(large, end.bicubic, colours, own)]);
  }
  return across(x, end.last, own, colours);
}

/** How many times larger a side becomes. */
export function scaleOf(end: Enlarging): number {
  return levelsOf(end).reduce((product, { factor }) => product * factor, 1);
}

/**
 * From the result back to the features: how many convolutions of 3 × 3 look around at a size, and how many times smaller
 * the next size is. Of an ×4 pixel shuffle: 1 then ÷ 2, 1 then ÷ 2, 2.
 */
export function levelsOf(end: Enlarging): readonly { readonly around: number; readonly factor: number }[] {
  if (end.kind === 'restoring') return [{ around: 1, factor: 1 }];
  if (end.kind === 'pixelshuffledirect') {
    return [
      { around: 0, factor: end.step.factor },
      { around: 1, factor: 1 },
    ];
  }
  if (end.kind === 'nearest+conv') {
    const [, ...others] = end.steps;
    const upper = [{ around: 3, factor: 2 }, ...others.map(() => ({ around: 1, factor: 2 }))];
    return [...upper, { around: 1, factor: 1 }];
  }
  const factors = end.steps.map(({ factor }) => factor).reverse();
  const last = end.kind === 'pixelshuffle_aux' ? 4 : 2;
  return [...factors.map((factor) => ({ around: 1, factor })), { around: last, factor: 1 }];
}

/** `max(x, slope x)`. */
export function leaky({ graph }: Build, x: Value, slope: number): Value {
  return graph.op('LeakyRelu', [x], { alpha: { float: slope } });
}

function twice({ graph }: Build, x: Value): Value {
  const mode = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  return graph.op('Resize', [x, undefined, graph.floats('resize.2', [4], [1, 1, 2, 2])], mode);
}

/** As PyTorch does it: Keys' kernel with −0.75, edges repeated. */
function cubic({ graph }: Build, x: Value, times: number): Value {
  const scales = graph.floats(`resize.${times}`, [4], [1, 1, times, times]);
  const attributes = {
    mode: 'cubic',
    coordinate_transformation_mode: 'half_pixel',
    cubic_coeff_a: { float: -0.75 },
  };
  return graph.op('Resize', [x, undefined, scales], attributes);
}
