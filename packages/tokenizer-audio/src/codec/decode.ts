/**
 * Ids as they come → samples. A frame is there with its last id; `groups.ts` says when frames go through the graph.
 * What the stream lags behind is dropped in front and flushed at the end.
 */
import {
  AnyToAnyError,
  type DecodeOptions,
  type SoundDelta,
  type Tensor,
  throwIfAborted,
} from '@any-to-any/core';
import type { DecodeStream, TokenizerOptions } from '../options.ts';
import { type Arrangement, Gatherer } from './arrangement.ts';
import { inGroups } from './groups.ts';
import { type CodecGraphs, CodecRun, type Direction } from './run.ts';

type Frame = readonly number[];

/** Throws ID_OUT_OF_RANGE for an id that may not stand at its place, ABORTED within one run of the graph. */
export async function* decodeIds(
  ids: AsyncIterable<number>,
  { signal }: DecodeOptions,
  options: TokenizerOptions,
  graphs: CodecGraphs<DecodeStream>,
): AsyncGenerator<SoundDelta> {
  const { codebooks, size, arrangement, rate, stride } = options;
  const order = { order: arrangement, books: codebooks, size };
  const run = new CodecRun(graphs, codesToSamples(codebooks), signal);
  const { delay = 0, tail } = graphs.options.streaming ? graphs.options : {};
  let drop = delay;
  let frames = 0;
  let come = 0;
  /** Clipped to −1…1, without what the stream begins with. */
  const deltaOf = (samples: Float32Array): SoundDelta[] => {
    const skipped = Math.min(drop, samples.length);
    drop -= skipped;
    if (skipped === samples.length) return [];
    return [{ modality: 'audio', rate, samples: samples.slice(skipped).map(clip) }];
  };
  const samplesOf = (result: Tensor): Float32Array => {
    const expected = (frames - come) * stride;
    come = frames;
    return checkSamples(result, expected);
  };

  throwIfAborted(signal, 'decode');
  for await (const group of inGroups(gather(ids, order, signal))) {
    throwIfAborted(signal, 'decode');
    frames += group.length;
    const result = await run.push(group);
    if (result !== undefined) yield* deltaOf(samplesOf(result));
  }
  const result = await run.end();
  const flushed = tail === undefined ? undefined : run.state(tail);
  if (flushed === undefined) drop = 0; // no stream ran: nothing came in front
  if (result !== undefined) yield* deltaOf(samplesOf(result));
  if (flushed !== undefined && frames > 0) yield* deltaOf(checkSamples(flushed, delay));
}

async function* gather(
  ids: AsyncIterable<number>,
  order: Arrangement,
  signal: AbortSignal | undefined,
): AsyncGenerator<Frame, void, undefined> {
  const gatherer = new Gatherer(order);
  for await (const id of ids) {
    throwIfAborted(signal, 'decode');
    const frame = gatherer.push(id);
    if (frame !== undefined) yield frame;
  }
}

function codesToSamples(books: number): Direction<readonly Frame[]> {
  return {
    stage: 'decode',
    input: 'codes',
    output: 'samples',
    frames: (block) => block.length,
    tensor(blocks) {
      const frames = blocks.flat();
      const data = new BigInt64Array(books * frames.length);
      frames.forEach((codes, frame) => {
        codes.forEach((code, book) => {
          data[book * frames.length + frame] = BigInt(code);
        });
      });
      return { data, dims: [1, books, frames.length] };
    },
  };
}

function checkSamples({ data, dims }: Tensor, count: number): Float32Array {
  if (data instanceof Float32Array && data.length === count) return data;
  throw new AnyToAnyError(
    'SHAPE_MISMATCH',
    `Expected samples float32 [1, ${count}] of the decode graph, got [${dims.join(', ')}]. ` +
      'The graph does not match the options of the manifest.',
    { stage: 'decode', expected: [1, count], actual: dims },
  );
}

function clip(sample: number): number {
  return Math.max(-1, Math.min(1, sample));
}
