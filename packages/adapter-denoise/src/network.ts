/**
 * The patch stage of a bundle as a refiner: one call of its graph for all patches.
 * `draft`, `state [n, 3, window, window]`, `sigma [n]`, `place [n, 2]`, `ids [n, k, k]`, `double [m]`, `quadruple [l]`
 * (which patches are enlarged) → `sharp [n, 3, side, side]`, `twofold [m, 3, 2 side, 2 side]`,
 * `fourfold [l, 3, 4 side, 4 side]`.
 */
import { AnyToAnyError, type Graph, type Tensor, throwIfAborted } from '@any-to-any/core';
import type { PatchesOptions } from './options.ts';
import type { Patch, Refined, Refiner } from './refiner.ts';

export const graphInputs = ['draft', 'state', 'sigma', 'place', 'ids', 'double', 'quadruple'];
export const graphOutputs = ['sharp', 'twofold', 'fourfold'];
/** Ids around those of a patch that the network sees. */
export const idsBeside = 2;

export function networkRefiner({ side, halo, factor }: PatchesOptions, graph: Graph): Refiner {
  const window = side + 2 * halo;
  const idWindow = side / factor + 2 * idsBeside;
  return {
    side,
    halo,
    async refine(patches, signal) {
      const count = patches.length;
      const draft = new Float32Array(count * 3 * window * window);
      for (const [i, patch] of patches.entries()) draft.set(patch.window, i * 3 * window * window);
      const state = draft.slice();
      for (const [i, patch] of patches.entries()) putMiddle(state, i, patch.state, side, halo);
      const ids = new Int32Array(count * idWindow * idWindow);
      for (const [i, patch] of patches.entries()) ids.set(patch.ids, i * idWindow * idWindow);
      const square = [count, 3, window, window];
      const [double, quadruple] = [wanted(patches, 2), wanted(patches, 4)];
      const outputs = await graph.run(
        {
          draft: { data: draft, dims: square },
          state: { data: state, dims: square },
          sigma: { data: Float32Array.from(patches, ({ sigma }) => sigma), dims: [count] },
          place: { data: placesOf(patches), dims: [count, 2] },
          ids: { data: ids, dims: [count, idWindow, idWindow] },
          double: { data: double, dims: [double.length] },
          quadruple: { data: quadruple, dims: [quadruple.length] },
        },
        signal,
      );
      throwIfAborted(signal, 'refine');
      const sharp = split(outputs['sharp'], 'sharp', count, side);
      const large = new Map<number, Float32Array>();
      for (const [name, which, times] of [
        ['twofold', double, 2],
        ['fourfold', quadruple, 4],
      ] as const) {
        const found = split(outputs[name], name, which.length, times * side);
        for (const [i, patch] of which.entries()) large.set(patch, found[i]!);
      }
      return sharp.map((each, i): Refined => ({ sharp: each, large: large.get(i) }));
    },
  };
}

/** Which of the patches are wanted so many times larger. */
function wanted(patches: readonly Patch[], times: number): Int32Array {
  return Int32Array.from([...patches.keys()].filter((patch) => patches[patch]!.enlarge === times));
}

function placesOf(patches: readonly Patch[]): Int32Array {
  return Int32Array.from(patches.flatMap(({ row, column }) => [row, column]));
}

/** Puts `[3, side, side]` into the middle of window `index` of a batch. */
function putMiddle(
  batch: Float32Array,
  index: number,
  patch: Float32Array,
  side: number,
  halo: number,
): void {
  const window = side + 2 * halo;
  for (let channel = 0; channel < 3; channel++) {
    for (let row = 0; row < side; row++) {
      const from = (channel * side + row) * side;
      const to = ((index * 3 + channel) * window + halo + row) * window + halo;
      batch.set(patch.subarray(from, from + side), to);
    }
  }
}

/** The patches of a batch; SHAPE_MISMATCH unless it is `[count, 3, side, side]`. */
function split(tensor: Tensor | undefined, name: string, count: number, side: number): Float32Array[] {
  const expected = [count, 3, side, side];
  if (!(tensor?.data instanceof Float32Array) || tensor.dims.join() !== expected.join()) {
    throw new AnyToAnyError(
      'SHAPE_MISMATCH',
      `Expected ${name} float32 [${expected.join(', ')}] of the patch graph, got [${tensor?.dims.join(', ')}]. ` +
        'The graph does not match the options of the manifest.',
      { stage: 'refine', expected, actual: tensor?.dims },
    );
  }
  const { data } = tensor;
  const size = 3 * side * side;
  return Array.from({ length: count }, (_, i) => data.subarray(i * size, (i + 1) * size));
}
