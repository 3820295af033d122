/**
 * How strokes are read: points at even distances along all lines, each seen with its neighbours, and what is largest of
 * all of them (PointNet, Qi et al. 2017, arXiv 1612.00593). The same arithmetic as
 * `training/any_to_any_training/strokes/encoder.py`, which trains it.
 */
import {
  AnyToAnyError,
  type Encoder,
  type Port,
  rejectUnknownOptions,
  throwIfAborted,
} from '@any-to-any/core';
import {
  checkStrokes,
  type Line,
  layout,
  name,
  type Point,
  type StrokesContent,
  toIds,
  toPoint,
} from './strokes.ts';

const points = 64;
/** Neighbours on either side. */
const reach = 3;
/** Embeddings, as many as of a picture. */
const count = 16;
/** Inputs of the layers: what is known of a point, what is seen in it, then what is seen in all. */
const widths = [2 + 4 * reach, 96, 256, 160] as const;

/** `[inputs, outputs]` and `[outputs]`. */
interface Layer {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** The bundle says how wide the model is and in which file the weights are. */
export async function openStrokesEncoder({ options, files }: Port): Promise<Encoder<StrokesContent>> {
  rejectUnknownOptions(options, ['width', 'weights'], name);
  const { width, weights: file } = options;
  if (typeof width !== 'number' || typeof file !== 'string') {
    const got = JSON.stringify(options);
    throw new AnyToAnyError('OPTION_INVALID', `${name} needs "width" and "weights", a file, got ${got}.`);
  }
  return strokesEncoder(readLayers(await files.read(file), width), width);
}

export function strokesEncoder(layers: readonly Layer[], width: number): Encoder<StrokesContent> {
  return {
    modality: 'strokes',
    width,
    layout,
    async encode(content, { signal } = {}) {
      throwIfAborted(signal, 'encode');
      const embeddings = embed(evenPoints(onGrid(checkStrokes(content))), layers);
      return { embeddings, count, shape: { kind: 'line' } };
    },
  };
}

/** float32, little endian: of every layer its weight and its bias. Throws BUNDLE_INVALID. */
export function readLayers(bytes: Uint8Array, width: number): Layer[] {
  const sizes = [...widths, count * width];
  const shapes = widths.map((inputs, i) => ({ inputs, outputs: sizes[i + 1]! }));
  const expected = 4 * shapes.reduce((sum, { inputs, outputs }) => sum + (inputs + 1) * outputs, 0);
  if (bytes.length !== expected) {
    throw new AnyToAnyError(
      'BUNDLE_INVALID',
      `The weights of ${name} for width ${width}: expected ${expected} bytes, got ${bytes.length}. Write the file again.`,
    );
  }
  const values = new Float32Array(bytes.slice().buffer); // a copy, as the file may begin at an odd address
  let at = 0;
  const take = (length: number): Float32Array => {
    at += length;
    return values.subarray(at - length, at);
  };
  return shapes.map(({ inputs, outputs }) => ({ weight: take(inputs * outputs), bias: take(outputs) }));
}

/** Points where the ids would have them, as in training. */
const onGrid = (lines: readonly Line[]): Line[] => lines.map((points) => toIds([points]).map(toPoint));

/**
 * `[points, 2]` within −1…1, which the longer side fills; a lifted pen counts as no way.
 * From (0, 0) to (1, 0): x = −63/64, −61/64 … 63/64 and y = 0.
 */
export function evenPoints(lines: readonly Line[]): Float32Array {
  const all = lines.flat();
  const [x, y] = [0, 1].map((axis) => extent(all.map((point) => point[axis]!)));
  const half = Math.max(x!.half, y!.half, 1e-6);
  const path = all.map((point): Point => [(point[0] - x!.middle) / half, (point[1] - y!.middle) / half]);
  const begins = new Set(lines.map((_, i) => lines.slice(0, i).flat().length));
  const way = [0];
  for (let i = 1; i < path.length; i++) {
    const [before, now] = [path[i - 1]!, path[i]!];
    way.push(way[i - 1]! + (begins.has(i) ? 0 : Math.hypot(now[0] - before[0], now[1] - before[1])));
  }
  const even = new Float32Array(2 * points);
  let after = Math.min(1, path.length - 1);
  for (let i = 0; i < points; i++) {
    const at = ((i + 0.5) / points) * way.at(-1)!;
    while (way[after]! <= at && after < path.length - 1) after++;
    const before = Math.max(0, after - 1);
    const share = (at - way[before]!) / Math.max(way[after]! - way[before]!, 1e-9);
    for (const axis of [0, 1]) {
      even[2 * i + axis] = path[before]![axis]! + (path[after]![axis]! - path[before]![axis]!) * share;
    }
  }
  return even;
}

function extent(values: readonly number[]): { middle: number; half: number } {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return { middle: (low + high) / 2, half: (high - low) / 2 };
}

/** `[points, 2]` → `[count * width]`. */
export function embed(even: Float32Array, [near, far, together, last]: readonly Layer[]): Float32Array {
  const most = new Float32Array(widths[2]).fill(-Infinity);
  for (let i = 0; i < points; i++) {
    const seen = apply(far!, positive(apply(near!, featuresOf(even, i))));
    for (const [channel, value] of seen.entries()) if (value > most[channel]!) most[channel] = value;
  }
  return apply(last!, positive(apply(together!, most)));
}

/** Where a point is, and the way to each neighbour, four times as long; an end is its own neighbour. */
function featuresOf(even: Float32Array, index: number): Float32Array {
  const features = new Float32Array(widths[0]);
  const [x, y] = [even[2 * index]!, even[2 * index + 1]!];
  features.set([x, y]);
  let at = 2;
  for (let step = -reach; step <= reach; step++) {
    if (step === 0) continue;
    const other = Math.max(0, Math.min(points - 1, index + step));
    features.set([4 * (even[2 * other]! - x), 4 * (even[2 * other + 1]! - y)], at);
    at += 2;
  }
  return features;
}

function apply({ weight, bias }: Layer, input: Float32Array): Float32Array {
  const output = bias.slice();
  for (const [row, value] of input.entries()) {
    if (value === 0) continue;
    const from = row * output.length;
    for (let column = 0; column < output.length; column++) output[column]! += value * weight[from + column]!;
  }
  return output;
}

const positive = (values: Float32Array): Float32Array => values.map((value) => Math.max(0, value));
