/**
 * For tests: a patch stage for the default model that needs no training. Its network changes nothing and enlarges by
 * repeating pixels, so patches come in all revisions, with falling noise and larger, and the result is known.
 */
import { denoiseAdapter, type PatchesOptions } from '@any-to-any/adapter-denoise';
import type { Graph, Plugin } from '@any-to-any/core';

/** Pixels of a patch, and of its neighbours that the network sees. */
const side = 16;
const halo = 4;

export const usualSteps = 3;

/** Enlarges twice unless a request says otherwise. */
export function stagePlugin(): Plugin {
  const options: PatchesOptions = {
    kind: 'patches',
    graph: 'none',
    side,
    halo,
    factor: 8,
    codes: 2048,
    schedule: { kind: 'log-linear', from: 0.5, to: 0.05, steps: usualSteps },
    scale: 2,
    stop: 0,
  };
  const { name } = denoiseAdapter(options, graph);
  return {
    name,
    contract: 1,
    register: (registry) => registry.adapter('image', () => denoiseAdapter(options, graph)),
  };
}

const graph: Graph = {
  inputs: [],
  outputs: [],
  close: () => {},
  async run({ state, sigma }) {
    const count = sigma!.data.length;
    const seen = state!.data as Float32Array; // the adapter hands in floats, [count, 3, side + 2 halo, …]
    const size = side + 2 * halo;
    const at = (plane: number, row: number, column: number): number =>
      seen[(plane * size + row + halo) * size + column + halo]!;
    const planes = (times: number): Float32Array => {
      const wide = times * side;
      return Float32Array.from({ length: count * 3 * wide * wide }, (_, index) => {
        const [row, column] = [Math.floor(index / wide) % wide, index % wide];
        return at(Math.floor(index / (wide * wide)), Math.floor(row / times), Math.floor(column / times));
      });
    };
    return {
      sharp: { data: planes(1), dims: [count, 3, side, side] },
      large: { data: planes(2), dims: [count, 3, 2 * side, 2 * side] },
    };
  },
};
