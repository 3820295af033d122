/**
 * For tests of sound codecs: opens compiled graphs and feeds them, whole or piece by piece with their states.
 */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { type Device, type Graph, openGraph, type Tensor } from '@any-to-any/core';
import type { StreamState } from '../blocks/stream.ts';
import type { Model } from '../onnx/model.ts';
import { saveModel } from '../onnx/save.ts';
import { openSafetensors } from '../safetensors/file.ts';

export interface OpenCodecGraph {
  /** Runs once for each piece; the states go from run to run. Returns the output `name` of every run. */
  run(name: string, pieces: readonly Tensor[]): Promise<Tensor[]>;
  close(): void;
}

export async function openCodecGraph(
  device: Device,
  directory: string,
  { model, states = [] }: { readonly model: Model; readonly states: readonly StreamState[] | undefined },
): Promise<OpenCodecGraph> {
  // A directory of its own: the weights of an open graph are mapped, so its file must stay as it is.
  const path = join(await mkdtemp(join(directory, 'graph-')), `${model.name}.onnx`);
  await saveModel(model, path);
  const graph: Graph = await openGraph(device, path);
  const input = graph.inputs.find((name) => !name.startsWith('past_'))!;
  return {
    async run(name, pieces) {
      const results: Tensor[] = [];
      let past = Object.fromEntries(states.map((state) => [`past_${state.name}`, zeros(state)]));
      for (const piece of pieces) {
        const outputs = await graph.run({ [input]: piece, ...past });
        past = Object.fromEntries(
          states.map((state) => [`past_${state.name}`, outputs[`present_${state.name}`]!]),
        );
        results.push(outputs[name]!);
      }
      return results;
    },
    close: () => graph.close(),
  };
}

function zeros({ shape, type }: StreamState): Tensor {
  const size = shape.reduce((product, side) => product * side, 1);
  return { data: type === 'int64' ? new BigInt64Array(size) : new Float32Array(size), dims: shape };
}

/** What the reference recorded. */
export interface CodecCases {
  readonly samples: Float32Array;
  readonly lengths: readonly number[];
  /** Frames whose decoding was recorded. */
  readonly frames: readonly number[];
  /** `[codebooks, most frames]`. */
  readonly codes: Codes;
  read(name: string): Promise<Float32Array>;
  /** `[codebooks, frames]` */
  ids(length: number): Promise<Codes>;
  close(): Promise<void>;
}

/** `[codebooks, frames]`, row by row. */
export interface Codes {
  readonly data: readonly number[];
  readonly codebooks: number;
  readonly frames: number;
}

export async function openCases(path: string): Promise<CodecCases> {
  const reader = await openSafetensors(path);
  const codes = async (name: string): Promise<Codes> => {
    const [codebooks, frames] = reader.tensors.get(name)!.shape;
    return { data: [...(await reader.read(name))], codebooks: codebooks!, frames: frames! };
  };
  return {
    samples: await reader.read('samples'),
    lengths: [...(await reader.read('lengths'))],
    frames: [...(await reader.read('frames'))],
    codes: await codes('codes'),
    read: (name) => reader.read(name),
    ids: (length) => codes(`ids.${length}`),
    close: () => reader.close(),
  };
}

export function samplesTensor(samples: Float32Array): Tensor {
  return { data: samples.slice(), dims: [1, samples.length] };
}

/** Frames `from … to − 1` of the first `codebooks`. */
export function codesTensor(codes: Codes, from: number, to: number, codebooks = codes.codebooks): Tensor {
  const rows = Array.from({ length: codebooks }, (_, book) =>
    codes.data.slice(book * codes.frames + from, book * codes.frames + to),
  );
  return { data: BigInt64Array.from(rows.flat(), BigInt), dims: [1, codebooks, to - from] };
}

/** Joins `[1, rows, frames]` of several runs: row by row, whatever the runs were. */
export function joinRows(tensors: readonly Tensor[]): number[] {
  const rows = tensors[0]!.dims.length === 2 ? 1 : tensors[0]!.dims[1]!;
  return Array.from({ length: rows }, (_, row) =>
    tensors.flatMap(({ data, dims }) => {
      const length = dims.at(-1)!;
      return [...data.slice(row * length, (row + 1) * length)].map(Number);
    }),
  ).flat();
}

/** Cuts `length` after `first` and then every `step`. */
export function cuts(length: number, first: number, step: number): [number, number][] {
  const ends = [Math.min(first, length)];
  while (ends.at(-1)! < length) ends.push(Math.min(ends.at(-1)! + step, length));
  return ends.map((end, i) => [i === 0 ? 0 : ends[i - 1]!, end]);
}
