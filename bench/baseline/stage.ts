/**
 * The patch stage of a bundle by itself: what one trunk with two heads (sharper, larger) costs beside two networks that
 * share nothing, which are the same graph cut down to one head each. The times are medians of alternating rounds.
 */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bundle, type Device, openGraph, type Tensor } from '@any-to-any/core';
import { median, time } from '../measure.ts';
import { countMultiplyAdds } from './multiply-adds.ts';
import { onlyOutputs, readGraph } from './onnx-file.ts';

export interface StageRow {
  readonly name: string;
  readonly multiplyAdds: number;
  readonly weightBytes: number;
  /** For every patch of a picture at once, ms. */
  readonly ms: number;
}

export interface Stage {
  readonly rows: readonly StageRow[];
  /** Patches of a picture, and bytes of one patch while it is refined. */
  readonly patches: number;
  readonly patchBytes: number;
  /** Of one picture: all steps, and the last one enlarges. */
  readonly multiplyAdds: number;
}

interface Options {
  readonly graph: string;
  readonly side: number;
  readonly halo: number;
  readonly factor: number;
  readonly codes: number;
  readonly schedule: { readonly steps: number };
}

const rounds = 15;

/** Undefined for a bundle without a trained stage. `pixels`: side of the picture. */
export async function measureStage(
  bundle: Bundle,
  device: Device,
  pixels: number,
  folder: string,
): Promise<Stage | undefined> {
  const options = stageOptions(bundle);
  if (options === undefined) return undefined;
  const path = bundle.path(options.graph);
  const file = await readFile(path);
  // Cut graphs find their weights beside them, under the name that the graph says.
  await copyFile(`${path}.data`, join(folder, `${options.graph}.data`)).catch(() => undefined);
  const variants = [['sharp', 'twofold'], ['sharp'], ['twofold']];
  const patches = (pixels / options.side) ** 2;
  const feeds = feedsOf(options, patches);
  const opened = [];
  for (const names of variants) {
    const cut = onlyOutputs(file, names);
    const at = join(folder, `${names.join('-')}.onnx`);
    await writeFile(at, cut);
    const graph = await openGraph(device, at);
    await graph.run(feeds);
    const times: number[] = [];
    opened.push({
      graph,
      times,
      bytes: readGraph(cut).bytes,
      macs: await counted(device, at, folder, options, feeds),
    });
  }
  for (let round = 0; round < rounds; round++)
    for (const { graph, times } of opened) times.push(await time(() => graph.run(feeds)));
  for (const { graph } of opened) graph.close();
  const [both, sharp, large] = opened.map(({ bytes, macs, times }) => ({
    multiplyAdds: macs,
    weightBytes: bytes,
    ms: median(times),
  }));
  const apart = {
    multiplyAdds: sharp!.multiplyAdds + large!.multiplyAdds,
    weightBytes: sharp!.weightBytes + large!.weightBytes,
    ms: sharp!.ms + large!.ms,
  };
  return {
    rows: [
      { name: 'one trunk, two heads', ...both! },
      { name: 'two networks', ...apart },
      { name: 'of these, the one that sharpens', ...sharp! },
      { name: 'of these, the one that enlarges', ...large! },
    ],
    patches,
    patchBytes: 4 * 3 * options.side ** 2,
    multiplyAdds: sharp!.multiplyAdds * (options.schedule.steps - 1) + both!.multiplyAdds,
  };
}

export function stageOptions(bundle: Bundle): Options | undefined {
  const found = bundle.manifest.ports['image']?.adapters?.find(
    ({ options }) => options['kind'] === 'patches',
  );
  return found?.options as Options | undefined; // the adapter's own options; it has the checks
}

function feedsOf({ side, halo, factor, codes }: Options, count: number): Record<string, Tensor> {
  const window = side + 2 * halo;
  const ids = side / factor + 4;
  const square = [count, 3, window, window];
  const drawn = Float32Array.from({ length: count * 3 * window ** 2 }, (_, i) => Math.sin(i));
  return {
    draft: { data: drawn, dims: square },
    state: { data: drawn, dims: square },
    sigma: { data: new Float32Array(count).fill(0.5), dims: [count] },
    place: { data: Int32Array.from({ length: 2 * count }, (_, i) => i % 4), dims: [count, 2] },
    ids: {
      data: Int32Array.from({ length: count * ids ** 2 }, (_, i) => (i * 7) % codes),
      dims: [count, ids, ids],
    },
    double: { data: Int32Array.from({ length: count }, (_, patch) => patch), dims: [count] },
    quadruple: { data: new Int32Array(), dims: [0] },
  };
}

/** The data file bears the name of the whole graph; the count looks for one named like the cut. */
async function counted(
  device: Device,
  path: string,
  folder: string,
  { graph }: Options,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<number> {
  return countMultiplyAdds(device, path, feeds, join(folder, `${graph}.data`));
}
