/**
 * Samples at the codec's rate, as they come → ids. Cuts whole frames; zeros fill the last one up unless the graph does.
 * Comes after `samples/`; `groups.ts` says which frames go together, `arrangement.ts` in which order ids come.
 */
import { AnyToAnyError, type Tensor } from '@any-to-any/core';
import type { EncodeStream, TokenizerOptions } from '../options.ts';
import { concatenate } from '../samples/concatenate.ts';
import { Arranger } from './arrangement.ts';
import { groupSize } from './groups.ts';
import { type CodecGraphs, CodecRun, type Direction } from './run.ts';

/** Yields the ids of every run of the graph. Throws SHAPE_MISMATCH, ID_OUT_OF_RANGE for a graph that does not fit. */
export async function* encodeSamples(
  pieces: AsyncIterable<Float32Array>,
  options: TokenizerOptions,
  graphs: CodecGraphs<EncodeStream>,
  signal: AbortSignal | undefined,
): AsyncGenerator<number[], void, undefined> {
  const { stride, codebooks, size, arrangement } = options;
  const run = new CodecRun(graphs, samplesToCodes(stride), signal);
  const arranger = new Arranger({ order: arrangement, books: codebooks, size });
  let frames = 0;
  let come = 0;
  const idsOf = (codes: Tensor | undefined): number[] => {
    const columns = codes === undefined ? [] : framesOf(codes, options, frames - come);
    come += columns.length;
    return columns.flatMap((column) => arranger.push(column));
  };
  let rest = new Float32Array(0);
  for await (const piece of pieces) {
    rest = concatenate([rest, piece]);
    for (let group = groupSize(frames); rest.length >= group * stride; group = groupSize(frames)) {
      const samples = rest.slice(0, group * stride);
      rest = rest.slice(group * stride);
      frames += group;
      const ids = idsOf(await run.push(samples));
      if (ids.length > 0) yield ids;
    }
  }
  const last: number[] = [];
  if (rest.length > 0) {
    const left = Math.ceil(rest.length / stride);
    frames += left;
    last.push(...idsOf(await run.push(takesPartial(graphs) ? rest : filled(rest, left * stride))));
  }
  for (const id of idsOf(await run.end())) last.push(id);
  last.push(...arranger.end());
  if (last.length > 0) yield last;
}

function takesPartial({ options }: CodecGraphs): boolean {
  return 'partial' in options && options.partial === true;
}

function filled(rest: Float32Array, length: number): Float32Array {
  return concatenate([rest, new Float32Array(length - rest.length)]);
}

function samplesToCodes(stride: number): Direction<Float32Array> {
  return {
    stage: 'encode',
    input: 'samples',
    output: 'codes',
    frames: (block) => Math.ceil(block.length / stride),
    tensor(blocks) {
      const data = concatenate(blocks);
      return { data, dims: [1, data.length] };
    },
  };
}

/** `codes [1, books, frames]` → the codes of each frame. */
function framesOf({ data, dims }: Tensor, { codebooks, size }: TokenizerOptions, frames: number): number[][] {
  if (!(data instanceof BigInt64Array) || data.length !== codebooks * frames) {
    throw new AnyToAnyError(
      'SHAPE_MISMATCH',
      `Expected codes int64 [1, ${codebooks}, ${frames}] of the encode graph, got [${dims.join(', ')}]. ` +
        'The graph does not match the options of the manifest.',
      { stage: 'encode', expected: [1, codebooks, frames], actual: dims },
    );
  }
  return Array.from({ length: frames }, (_, frame) =>
    Array.from({ length: codebooks }, (_, book) => {
      const code = Number(data[book * frames + frame]);
      if (code >= 0 && code < size) return code;
      throw new AnyToAnyError('ID_OUT_OF_RANGE', `The encode graph gave code ${code}; there are ${size}.`, {
        id: code,
        size,
        stage: 'encode',
      });
    }),
  );
}
