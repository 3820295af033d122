/**
 * For tests: a codec without a network, whose every sample and code can be worked out by hand. A frame is four samples
 * of one level, an eighth of −1…1; its codes are that level, turned on by the number of the frame, which is the state.
 * So a state that is lost, or given to the wrong run, changes every code. Sound comes out six samples late.
 */
import type { Graph, Port, SoundContent, Tensor } from '@any-to-any/core';
import { readTokenizerOptions } from './options.ts';

export const rate = 1000;
export const stride = 4;
export const size = 20;
export const books = 2;
export const delay = 6;

type Feeds = Readonly<Record<string, Tensor>>;

/** What every graph was run with. */
export interface Calls {
  readonly graph: string;
  readonly frames: number;
}

/** `name` decides what the graph does: `encode`, `encode-first`, `encode-whole`, and so for decode. */
export function fakeGraph(name: string, calls: Calls[] = []): Graph {
  const [direction, kind = 'stream'] = name.split('-');
  const encoding = direction === 'encode';
  const states = kind === 'whole' ? [] : encoding ? ['count'] : ['count', 'late'];
  return {
    inputs: [
      encoding ? 'samples' : 'codes',
      ...(kind === 'stream' ? states.map((state) => `past_${state}`) : []),
    ],
    outputs: [encoding ? 'codes' : 'samples', ...states.map((state) => `present_${state}`)],
    async run(feeds, signal) {
      signal?.throwIfAborted();
      const index = Number(feeds['past_count']?.data[0] ?? 0);
      const result = encoding ? encodeFrames(feeds, index) : decodeFrames(feeds, index, kind === 'whole');
      const frames = result.frames;
      if (kind === 'first' && frames < 3) throw new RangeError(`the first run needs 3 frames, got ${frames}`);
      calls.push({ graph: name, frames });
      return {
        ...result.outputs,
        present_count: { data: BigInt64Array.of(BigInt(index + frames)), dims: [1] },
      };
    },
    close() {},
  };
}

function encodeFrames({ samples }: Feeds, index: number) {
  const data = samples!.data as Float32Array; // the kit feeds float32
  const frames = Math.ceil(data.length / stride);
  const codes = new BigInt64Array(books * frames);
  for (let frame = 0; frame < frames; frame++) {
    const own = data.subarray(frame * stride, (frame + 1) * stride);
    const level = Math.round((own.reduce((sum, sample) => sum + sample, 0) / own.length) * 8) + 8;
    codes[frame] = BigInt((level + index + frame) % size);
    codes[frames + frame] = BigInt((3 * level + index + frame) % size);
  }
  return { frames, outputs: { codes: { data: codes, dims: [1, books, frames] } } };
}

function decodeFrames({ codes, past_late: late }: Feeds, index: number, whole: boolean) {
  const data = codes!.data as BigInt64Array; // the kit feeds int64
  const frames = data.length / books;
  const values: number[] = whole
    ? []
    : [...((late?.data as Float32Array | undefined) ?? new Float32Array(delay))];
  for (let frame = 0; frame < frames; frame++) {
    const level = (Number(data[frame]) - index - frame + 10 * size) % size;
    if (Number(data[frames + frame]) !== (3 * level + index + frame) % size) {
      throw new RangeError(
        `frame ${frame} of a run that begins at ${index}: the books do not belong together`,
      );
    }
    for (let i = 0; i < stride; i++) values.push((level - 8) / 8);
  }
  const come = Float32Array.from(values.slice(0, frames * stride));
  const left = Float32Array.from(values.slice(frames * stride));
  return {
    frames,
    outputs: {
      samples: { data: come, dims: [1, come.length] },
      ...(whole ? {} : { present_late: { data: left, dims: [1, delay] } }),
    },
  };
}

const count = { name: 'count', shape: [1], type: 'int64' } as const;
const late = { name: 'late', shape: [1, delay], type: 'float32' } as const;

/** A stream both ways. */
export const rawOptions = {
  kind: 'codec',
  rate,
  stride,
  size,
  codebooks: books,
  arrangement: 'flattened',
  buckets: 32,
  maxDistance: 128,
  encode: { streaming: true, graph: 'encode', states: [count] },
  decode: { streaming: true, graph: 'decode', states: [count, late], delay, tail: 'late' },
};
export const options = readTokenizerOptions(rawOptions);

export function fakePort(raw: Record<string, unknown> = rawOptions, calls: Calls[] = []): Port {
  const refuse = (): never => {
    throw new RangeError('the fake bundle has graphs only');
  };
  return {
    options: raw,
    files: { read: async () => refuse(), graph: async (path) => fakeGraph(path, calls) },
  };
}

/** A sound of these levels, eighths of −1…1, a frame each. */
export function soundOf(levels: readonly number[]): SoundContent {
  return {
    modality: 'audio',
    rate,
    samples: Float32Array.from(levels.flatMap((level) => Array(stride).fill(level / 8))),
  };
}

/** Levels that look random and are the same each time. */
export function someLevels(frames: number): number[] {
  return Array.from({ length: frames }, (_, i) => ((i * i * 31 + i * 7) % 17) - 8);
}
