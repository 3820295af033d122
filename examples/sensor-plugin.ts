/**
 * A complete plugin of a third party for a sensor: the modality `motion`, what a three-axis accelerometer measures.
 * The encoder reads it as continuous patches, without ids; the tokenizer turns it into ids and back.
 * `gestures.ts` makes streams, `read-motion.ts` has a trained model say what happens in them; nothing of ours is changed.
 */
import {
  AnyToAnyError,
  type EncodedIds,
  type Encoder,
  type Layout,
  type Plugin,
  type PluginDelta,
  type Port,
  rejectUnknownOptions,
  type Shape,
  type Tokenizer,
  throwIfAborted,
} from '@any-to-any/core';
import {
  checkSeries,
  createSeriesEncoder,
  readSeriesWeights,
  type SeriesContent,
} from '@any-to-any/tokenizer-audio';

/** `[steps, 3]` in g, 50 steps a second: x to the right, y away from you, z up when the device lies on a table. */
export interface MotionContent extends SeriesContent {
  readonly modality: 'motion';
}

export type MotionDelta = PluginDelta<MotionContent>;

export const name = 'motion-for-any-to-any';
export const rate = 50;
const channels = 3;
const maxSteps = 512;

export function motion(data: Float32Array): MotionContent {
  return { modality: 'motion', rate, channels, data };
}

/** How far back two patches, or two ids, are told apart: 32 patches of four steps are 2.6 seconds. */
const farthest = 32;

const line: Shape = { kind: 'line' };

/** Our own buckets: one per distance, the last one for all that lies farther back. */
const layout: Layout = {
  kind: 'line',
  buckets: farthest + 1,
  bucket: (query, key) => Math.min(query - key, farthest),
  count: () => undefined,
};

/** What `createPipeline` takes. The bundle says how wide the model is and in which file the encoder's weights are. */
export function motionPlugin(): Plugin {
  return {
    name,
    contract: 1,
    register(registry) {
      registry.tokenizer('motion', ({ options }) => {
        rejectUnknownOptions(options, [], name);
        return motionTokenizer();
      });
      registry.encoder('motion', openMotionEncoder);
    },
  };
}

/** Patches of four steps, 80 ms, straight into the decoder. The weights were trained together with it. */
export async function openMotionEncoder({ options, files }: Port): Promise<Encoder<SeriesContent>> {
  rejectUnknownOptions(options, ['width', 'weights'], name);
  const { width, weights: file } = options;
  if (typeof width !== 'number' || typeof file !== 'string') {
    const got = JSON.stringify(options);
    throw new AnyToAnyError('OPTION_INVALID', `${name} needs "width" and "weights", a file, got ${got}.`);
  }
  const sizes = { channels, stride: 4, width } as const;
  const weights = readSeriesWeights(await files.read(file), sizes);
  return createSeriesEncoder({ modality: 'motion', rate, ...sizes, layout, weights, maxSteps });
}

/** Levels of one axis, an odd number so that nothing at all has a level. */
const levels = 127;
/** The strongest force that has a level, g. */
const strongest = 8;
/** How much finer levels are around zero (µ-law, ITU-T G.711). */
const mu = 255;

/** One id a value, x, y, z in turn. Lossy: a value comes back as the middle of its level. */
export function motionTokenizer(): Tokenizer<MotionContent, MotionDelta> {
  return {
    modality: 'motion',
    size: levels,
    layout,
    shape(requested = line) {
      if (requested.kind === 'line') return line;
      throw new AnyToAnyError('SHAPE_MISMATCH', `Motion is a line, not a ${requested.kind}. Ask for none.`);
    },
    async encode(content, { signal } = {}): Promise<EncodedIds> {
      throwIfAborted(signal, 'encode');
      const data = checkSeries(content, { modality: 'motion', rate, channels, maxSteps });
      return { ids: Uint32Array.from(data, toLevel), shape: line };
    },
    async *decode(source, { signal }) {
      throwIfAborted(signal, 'decode');
      let step: number[] = [];
      for await (const id of source) {
        throwIfAborted(signal, 'decode');
        step.push(fromLevel(id));
        if (step.length < channels) continue; // a step that lacks an axis is none
        yield { modality: 'motion', content: motion(Float32Array.from(step)) };
        step = [];
      }
    },
    join: (deltas) => motion(Float32Array.from([...deltas].flatMap(({ content }) => [...content.data]))),
  };
}

/** g → level: 0 → 63, 8 and more → 126. */
export function toLevel(value: number): number {
  const size = Math.min(1, Math.abs(value) / strongest);
  const curved = (Math.sign(value) * Math.log1p(mu * size)) / Math.log1p(mu);
  return Math.round(((curved + 1) / 2) * (levels - 1));
}

/** Level → g, the opposite of `toLevel`. */
export function fromLevel(level: number): number {
  if (!Number.isInteger(level) || level < 0 || level >= levels) {
    throw new AnyToAnyError('ID_OUT_OF_RANGE', `Expected an id in 0…${levels - 1}, got ${level}.`, { level });
  }
  const curved = (2 * level) / (levels - 1) - 1;
  return (Math.sign(curved) * strongest * Math.expm1(Math.abs(curved) * Math.log1p(mu))) / mu;
}
