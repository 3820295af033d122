/**
 * Fakes for sound: a tokenizer whose ids are loudnesses, and an encoder of one number for as many samples. No network.
 */
import type { SoundContent } from '../contract/content.ts';
import type { SoundDelta } from '../contract/delta.ts';
import type { Encoder } from '../contract/encoder.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';
import { AnyToAnyError, throwIfAborted } from '../errors.ts';
import { lineLayout } from '../token-space/layout.ts';

/** Hz. */
const rate = 100;
/** Samples of one id, or of one embedding. */
const stride = 4;
const levels = 9;
const layout = lineLayout({ buckets: 32, maxDistance: 128 });

/** Nine ids: `4` is four samples of 0, `8` four of 1, `0` four of −1. 100 Hz. */
export function fakeSoundTokenizer(): Tokenizer<SoundContent, SoundDelta> {
  return {
    modality: 'audio',
    size: levels,
    layout,
    shape: () => ({ kind: 'line' }),
    async encode(content, { signal } = {}) {
      throwIfAborted(signal, 'encoding');
      const ids = framesOf(content).map((frame) => Math.round((frame[0]! + 1) * 4));
      return { ids: Uint32Array.from(ids), shape: { kind: 'line' } };
    },
    async *decode(ids, { signal }) {
      for await (const id of ids) {
        throwIfAborted(signal, 'decoding');
        if (!(Number.isInteger(id) && id >= 0 && id < levels))
          throw new AnyToAnyError('ID_OUT_OF_RANGE', `Expected an id of 0…8, got ${id}.`, { id });
        yield { modality: 'audio', rate, samples: new Float32Array(stride).fill(id / 4 - 1) };
      }
    },
    join(deltas) {
      const samples = [...deltas].flatMap((delta) => [...delta.samples]);
      return { modality: 'audio', rate, samples: Float32Array.from(samples) };
    },
  };
}

/** One embedding for four samples, each of its numbers the first sample. */
export function fakeSoundEncoder(width = 1): Encoder<SoundContent> {
  return {
    modality: 'audio',
    width,
    layout,
    async encode(content, { signal } = {}) {
      throwIfAborted(signal, 'encoding');
      const frames = framesOf(content);
      const embeddings = frames.flatMap((frame) => Array<number>(width).fill(frame[0]!));
      return { embeddings: Float32Array.from(embeddings), count: frames.length, shape: { kind: 'line' } };
    },
  };
}

function framesOf({ modality, rate: own, samples }: SoundContent): Float32Array[] {
  const valid = modality === 'audio' && own === rate && samples instanceof Float32Array && samples.length > 0;
  if (!valid || samples.length % stride !== 0 || !samples.every((sample) => Math.abs(sample) <= 1)) {
    throw new AnyToAnyError('CONTENT_INVALID', `Expected samples of −1…1 at ${rate} Hz, ${stride} to an id.`);
  }
  return Array.from({ length: samples.length / stride }, (_, i) =>
    samples.subarray(i * stride, (i + 1) * stride),
  );
}
