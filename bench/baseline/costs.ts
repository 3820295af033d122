/**
 * What a picture costs each way, from the graphs and not from the clock: multiply-adds, bytes of weights, and bytes of what
 * lives from one step to the next.
 */
import { readFile, stat } from 'node:fs/promises';
import { type Bundle, type Device, type Graph, openGraph } from '@any-to-any/core';
import { imagePlugin } from '@any-to-any/tokenizer-image';
import type { Lowered } from '../diffusion/lower/lower.ts';
import { countMultiplyAdds, perPosition } from './multiply-adds.ts';
import { readGraph } from './onnx-file.ts';
import type { Drawing } from './path.ts';

export interface Costs {
  readonly multiplyAdds: number;
  readonly weightBytes: number;
  readonly stateBytes: number;
}

/** Ids of a picture of the default size, `[rows, columns]`. */
export function gridOf(bundle: Bundle): readonly [rows: number, columns: number] {
  // The manifest of a model with an image port of kind "vq" says so; the image plugin has the checks.
  const { grids } = imageOptions(bundle) as unknown as { grids: [[number, number]] };
  return grids[0];
}

const imageOptions = (bundle: Bundle): Readonly<Record<string, unknown>> =>
  bundle.manifest.ports['image']!.tokenizer!.options;

const decodePath = (bundle: Bundle): string => bundle.path(String(imageOptions(bundle)['decode']));

/** Of the drawing half of the tokenizer, a whole picture at once; convolutions cost as much per id in any window. */
async function decodeMultiplyAdds(bundle: Bundle, device: Device): Promise<number> {
  const [rows, columns] = gridOf(bundle);
  const ids = { data: new Int32Array(rows * columns), dims: [1, rows, columns] };
  return countMultiplyAdds(device, decodePath(bundle), { ids });
}

/** How many ids the tokenizer draws for one picture, those in halos counted each time. */
export async function idsDrawn(bundle: Bundle, device: Device, previews: 'draft' | 'exact'): Promise<number> {
  let drawn = 0;
  const counting = async (path: string): Promise<Graph> => {
    const graph = await openGraph(device, bundle.path(path));
    return {
      ...graph,
      async run(feeds, signal) {
        const { dims } = feeds['ids'] ?? { dims: [0] };
        drawn += dims.reduce((sum, side) => sum * side, 1);
        return graph.run(feeds, signal);
      },
    };
  };
  const port = { options: imageOptions(bundle), files: { read: bundle.read, graph: counting } };
  await new Promise<void>((done, failed) => {
    const nothing = () => undefined;
    imagePlugin({ previews }).register({
      async tokenizer(_modality, factory) {
        try {
          const tokenizer = await factory(port);
          for await (const _ of tokenizer.decode(zeros(bundle), { shape: tokenizer.shape() }));
          done();
        } catch (error) {
          failed(error);
        }
      },
      encoder: nothing,
      adapter: nothing,
      processor: nothing,
      engine: nothing,
    });
  });
  return drawn;
}

async function* zeros(bundle: Bundle): AsyncGenerator<number> {
  const [rows, columns] = gridOf(bundle);
  for (let i = 0; i < rows * columns; i++) yield 0;
}

/** In how many rows a picture is drawn by itself: with the words and without, where no guide spares the second. */
function rowsOf({ manifest: { ports, sampling } }: Bundle): 1 | 2 {
  const { guidance = 1, guidanceMode } = sampling?.['image'] ?? {};
  const knows = guidance <= Math.max(...(ports['image']?.guide?.scales ?? []));
  return guidance === 1 || (knows && guidanceMode !== 'two-row') ? 1 : 2;
}

/** `work`: of a picture of the middle cost. The patch stage, where one is, comes on top: see `stage.ts`. */
export async function autoregressiveCosts(
  bundle: Bundle,
  device: Device,
  previews: 'draft' | 'exact',
  work: Drawing['work'],
): Promise<Costs> {
  const { decoder, ports } = bundle.manifest;
  const [rows, columns] = gridOf(bundle);
  const count = rows * columns;
  const guided = rowsOf(bundle);
  const positions = work.prefilled + guided * work.generated;
  const graphs = await Promise.all(
    [decoder.graph, ports['image']!.head!.graph].map(async (path) =>
      readGraph(await readFile(bundle.path(path))),
    ),
  );
  const [body, head] = graphs.map(perPosition);
  // Each position looks at all before it in its row.
  const length = positions / guided;
  const seen = (guided * length * (length + 1)) / 2;
  const attention = 2 * decoder.layers * decoder.heads * decoder.headWidth * seen;
  const drawing =
    ((await decodeMultiplyAdds(bundle, device)) * (await idsDrawn(bundle, device, previews))) / count;
  const files = [decoder.graph, String(imageOptions(bundle)['decode'])];
  for (const port of [ports['text']!, ports['image']!]) {
    if (port.table) files.push(port.table.file);
  }
  files.push(ports['image']!.head!.graph);
  const cached = decoder.layers * 2 * decoder.kvHeads * decoder.headWidth * positions;
  return {
    multiplyAdds: positions * body! + guided * work.generated * head! + attention + drawing,
    weightBytes: await bytesOf(files.map((path) => bundle.path(path))),
    stateBytes: cached * (decoder.kv === 'int8' ? 1 : 4),
  };
}

/** `words`: how many ids the prompt has. `previews`: each step is drawn. */
export async function latentCosts(
  { plan, paths }: Lowered,
  bundle: Bundle,
  device: Device,
  { words, steps, previews, weights }: { words: number; steps: number; previews: boolean; weights: string },
): Promise<Costs> {
  const { codeWidth, grid, textWidth } = plan;
  const square = [2, codeWidth, grid, grid];
  const floats = (dims: readonly number[]) => ({
    data: new Float32Array(dims.reduce((sum, side) => sum * side, 1)),
    dims,
  });
  const read = await countMultiplyAdds(device, paths.words, {
    ids: { data: new Int32Array(2 * words), dims: [2, words] },
  });
  const step = await countMultiplyAdds(device, paths.denoiser, {
    noisy: floats(square),
    time: floats([2]),
    context: floats([2, words, textWidth]),
    gist: floats([2, textWidth]),
  });
  const nearest = await countMultiplyAdds(device, paths.nearest, {
    latents: floats([1, ...square.slice(1)]),
  });
  const shown = previews ? steps : 1;
  const drawing = (nearest + (await decodeMultiplyAdds(bundle, device))) * shown;
  return {
    multiplyAdds: read + steps * step + drawing,
    weightBytes: await bytesOf([`${weights}/diffusion.safetensors`, decodePath(bundle)]),
    // The latents, and what the words say in both rows.
    stateBytes: 4 * (codeWidth * grid ** 2 + 2 * (words + 1) * textWidth),
  };
}

/** Of files, with the data beside them. */
async function bytesOf(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(
    paths
      .flatMap((path) => [path, `${path}.data`])
      .map((path) =>
        stat(path).then(
          (s) => s.size,
          () => 0,
        ),
      ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
