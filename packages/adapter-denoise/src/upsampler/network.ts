/**
 * The network of an upsampler: a rectangle of a picture → the same, larger. Runs off this thread; only bytes are made
 * here, some rows at a time. `image [1, 3, height, width]` → `large [1, 3, scale height, scale width]`, both in 0…1.
 */
import { setImmediate } from 'node:timers/promises';
import { AnyToAnyError, type Graph, type Tensor, throwIfAborted } from '@any-to-any/core';
import type { UpsamplerOptions } from '../options.ts';

export const upsamplerInputs = ['image'];
export const upsamplerOutputs = ['large'];

/** `[3, height, width]`, −1…1. */
export interface Planes {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

export interface Enlarged {
  readonly planes: Planes;
  /** The same as opaque RGBA. */
  readonly bytes: Uint8Array;
}

/** Throws SHAPE_MISMATCH, ABORTED and what the graph throws. */
export async function enlargeByNetwork(
  graph: Graph,
  { scale, window }: UpsamplerOptions,
  { width, height, data }: Planes,
  signal: AbortSignal | undefined,
): Promise<Enlarged> {
  const [wide, high] = [leastSide(width, window), leastSide(height, window)];
  const image = new Float32Array(3 * wide * high);
  for (let i = 0; i < image.length; i++) {
    // Where a picture is smaller than the network can take, its edge goes on.
    const [channel, y, x] = [Math.floor(i / wide / high), Math.floor(i / wide) % high, i % wide];
    const at = (channel * height + Math.min(y, height - 1)) * width + Math.min(x, width - 1);
    image[i] = (data[at]! + 1) / 2;
  }
  const { large } = await graph.run({ image: { data: image, dims: [1, 3, high, wide] } }, signal);
  throwIfAborted(signal, 'refine');
  const found = checkShape(large, [1, 3, scale * high, scale * wide]);
  return read(found, scale * wide, scale * width, scale * height, signal);
}

/** The graph reflects a picture to whole windows, which takes a side that is longer than what is missing. */
function leastSide(side: number, window: number): number {
  const missing = (window - (side % window)) % window;
  return side > missing ? side : window;
}

/** Pixels made between two turns of the event loop. */
const atOnce = 1 << 15;

/** The top left `width × height` of `[3, …, stride]` in 0…1; what lies beyond is cut off. */
async function read(
  source: Float32Array,
  stride: number,
  width: number,
  height: number,
  signal: AbortSignal | undefined,
): Promise<Enlarged> {
  const plane = source.length / 3;
  const data = new Float32Array(3 * width * height);
  const bytes = new Uint8Array(4 * width * height).fill(255);
  for (let y = 0; y < height; y++) {
    for (let channel = 0; channel < 3; channel++) {
      const from = channel * plane + y * stride;
      for (let x = 0; x < width; x++) {
        const value = Math.max(0, Math.min(1, source[from + x]!));
        data[(channel * height + y) * width + x] = 2 * value - 1;
        bytes[4 * (y * width + x) + channel] = Math.round(255 * value);
      }
    }
    if ((y * width) % atOnce < width) await setImmediate();
  }
  throwIfAborted(signal, 'refine');
  return { planes: { width, height, data }, bytes };
}

function checkShape(tensor: Tensor | undefined, expected: readonly number[]): Float32Array {
  if (tensor?.data instanceof Float32Array && tensor.dims.join() === expected.join()) return tensor.data;
  throw new AnyToAnyError(
    'SHAPE_MISMATCH',
    `Expected large float32 [${expected.join(', ')}] of the upsampler's graph, got [${tensor?.dims.join(', ')}]. ` +
      'The graph does not match the options of the manifest.',
    { stage: 'refine', expected, actual: tensor?.dims },
  );
}
