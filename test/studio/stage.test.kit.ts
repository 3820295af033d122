/**
 * For tests: a patch stage for the default model that needs no training. Its network changes nothing and enlarges by
 * repeating pixels, so patches come in all revisions, with falling noise and larger, and the result is known.
 */
import {
  type DenoiseAdapter,
  denoiseAdapter,
  lanczosAdapter,
  type PatchesOptions,
} from '@any-to-any/adapter-denoise';
import { plugins } from '@any-to-any/cli';
import type { Graph, Plugin, Tensor } from '@any-to-any/core';

/** Pixels of a patch, and of its neighbours that the network sees. */
const side = 16;
const halo = 4;

export const usualSteps = 3;

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

/** The command's plugins, with this stage instead of what the bundle has. Enlarges twice unless a request says otherwise. */
export const stagePlugins = (): readonly Plugin[] => withAdapter(denoiseAdapter(options, graph));

/** The same without any stage: pictures stay as they are unless a request has them enlarged. */
export const lanczosPlugins = (): readonly Plugin[] =>
  withAdapter(lanczosAdapter({ kind: 'lanczos', scale: 1 }));

function withAdapter(adapter: DenoiseAdapter): readonly Plugin[] {
  const { name } = adapter;
  const own: Plugin = {
    name,
    contract: 1,
    register: (registry) => registry.adapter('image', () => adapter),
  };
  return plugins().map((plugin) => (plugin.name === name ? own : plugin));
}

const graph: Graph = {
  inputs: [],
  outputs: [],
  close: () => {},
  async run({ state, sigma, double, quadruple }) {
    const count = sigma!.data.length;
    const seen = state!.data as Float32Array; // the adapter hands in floats, [count, 3, side + 2 halo, …]
    const size = side + 2 * halo;
    const at = (plane: number, row: number, column: number): number =>
      seen[(plane * size + row + halo) * size + column + halo]!;
    /** These patches of the batch, so many times larger. */
    const enlarged = (patches: readonly number[], times: number): Tensor => {
      const wide = times * side;
      const data = Float32Array.from({ length: patches.length * 3 * wide * wide }, (_, index) => {
        const [row, column] = [Math.floor(index / wide) % wide, index % wide];
        const plane = Math.floor(index / (wide * wide));
        const source = 3 * patches[Math.floor(plane / 3)]! + (plane % 3);
        return at(source, Math.floor(row / times), Math.floor(column / times));
      });
      return { data, dims: [patches.length, 3, wide, wide] };
    };
    const wanted = ({ data }: Tensor): number[] => Array.from(data as Int32Array); // numbers of patches
    return {
      sharp: enlarged([...Array(count).keys()], 1),
      twofold: enlarged(wanted(double!), 2),
      fourfold: enlarged(wanted(quadruple!), 4),
    };
  },
};
