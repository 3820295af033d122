/**
 * Goes every way for the same prompts and seeds, one process after the other, and judges what was seen. Gives rows of
 * figures; `print.ts` makes tables of them.
 */
import { join } from 'node:path';
import { type Bundle, type Device, openBundle, openDevice, openGraph } from '@any-to-any/core';
import { type Lowered, lowerBaseline } from '../diffusion/lower/lower.ts';
import { imageOptionsOf, textTokenizerOf, weightsDirectory } from '../diffusion/open.ts';
import { seedOf } from '../matrix/cells/world.ts';
import { languages, loadItems, measures, type PictureItem } from '../matrix/items.ts';
import { pictureJudge } from '../matrix/picture/judge.ts';
import { median } from '../measure.ts';
import { autoregressiveCosts, type Costs, latentCosts } from './costs.ts';
import { type Looked, look } from './look.ts';
import type { Drawing, Path, Task } from './path.ts';
import { type Ran, runChild } from './process.ts';
import { measureStage, type Stage, stageOptions } from './stage.ts';
import { type Way, waysOf } from './ways.ts';

export interface Asked {
  readonly item: PictureItem;
  readonly words: string;
  readonly seed: number;
}

export interface Row {
  readonly way: Way;
  readonly ran: Ran;
  readonly looked: readonly Looked[];
  readonly costs: Costs;
}

export interface Comparison {
  readonly rows: readonly Row[];
  readonly asked: readonly Asked[];
  /** What a process with the runtime takes that opens nothing, MiB. */
  readonly emptyMiB: number;
  readonly stage: Stage | undefined;
}

export interface CompareOptions {
  /** Of the bundle that is compared with the baseline. */
  readonly model: string;
  /** Pictures per measure and language. */
  readonly count: number;
  /** For graphs, while it runs. */
  readonly root: string;
  tell(text: string): void;
}

/** Drawn before the first that counts. */
const warmUp = 2;
/** Side of a picture, pixels; the held-out items and the judge are of this size. */
const pixels = 64;

export async function compareWithDiffusion({
  model,
  count,
  root,
  tell,
}: CompareOptions): Promise<Comparison> {
  const folder = join(import.meta.dirname, '../../matrix/items'); // from bench/dist/baseline
  const items = await loadItems(folder);
  const asked = languages.flatMap((language) =>
    measures.flatMap((measure) =>
      items.pictures
        .filter((item) => item.measure === measure)
        .slice(0, count)
        .map((item, i): Asked => ({ item, words: item.prompt[language], seed: seedOf(i) })),
    ),
  );
  tell('lowering the baseline');
  const lowered = await lowerBaseline(weightsDirectory, root);
  const bundle = await openBundle(model);
  imageOptionsOf(bundle, lowered.plan); // before anything is drawn
  const device = await openDevice();
  const graph = await openGraph(device, join(folder, 'picture-judge.onnx'));
  const judge = pictureJudge(graph, items.colours);
  const stage = await measureStage(bundle, device, pixels, root);
  const task = (path: Path, prompts: readonly Asked[]): Task => ({
    path,
    model,
    graphs: lowered.paths,
    weights: weightsDirectory,
    prompts: prompts.map(({ words, seed }) => ({ words, seed })),
    warmUp,
  });
  const text = await textTokenizerOf(bundle);
  const encoded = asked.map((one) => text.encode({ modality: 'text', text: one.words }));
  const words = median((await Promise.all(encoded)).map(({ ids }) => ids.length));
  const ways = waysOf(stageOptions(bundle) !== undefined);
  const rows: Row[] = [];
  for (const path of new Set(ways.map((way) => way.path))) {
    const own = ways.filter((way) => way.path === path);
    tell(`${own.at(-1)!.name}: ${asked.length} pictures`);
    const drawings: Drawing[] = [];
    const ran = await runChild(task(path, asked), (index, drawing) => {
      drawings[index] = drawing;
    });
    const costs = await costsOf(path, drawings, { lowered, bundle, device, stage, words });
    for (const way of own) {
      const looked: Looked[] = [];
      for (const [i, drawing] of drawings.entries())
        looked.push(await look(judge, asked[i]!.item, way.part?.(drawing) ?? drawing));
      rows.push({ way, ran, looked, costs });
    }
  }
  const empty = await runChild(task({ kind: 'nothing' }, []), () => undefined);
  graph.close();
  device.close();
  return { rows, asked, emptyMiB: empty.peakMiB, stage };
}

interface Measured {
  readonly lowered: Lowered;
  readonly bundle: Bundle;
  readonly device: Device;
  readonly stage: Stage | undefined;
  /** Ids of the prompt of the middle length. */
  readonly words: number;
}

async function costsOf(
  path: Path,
  drawings: readonly Drawing[],
  { lowered, bundle, device, stage, words }: Measured,
): Promise<Costs> {
  // Prompts differ in length by a few ids: the picture of the middle stands for all.
  const works = drawings.map(({ work }) => work).sort((a, b) => a.prefilled - b.prefilled);
  const work = works[Math.floor(works.length / 2)]!;
  if (path.kind === 'latent') {
    const { steps, previews } = path;
    return latentCosts(lowered, bundle, device, { words, steps, previews, weights: weightsDirectory });
  }
  const { previews, refine } = path as Path & { kind: 'autoregressive' }; // "nothing" draws nothing
  const costs = await autoregressiveCosts(bundle, device, previews, work);
  if (!refine || stage === undefined) return costs;
  return {
    multiplyAdds: costs.multiplyAdds + stage.multiplyAdds,
    weightBytes: costs.weightBytes + stage.rows[0]!.weightBytes,
    stateBytes: costs.stateBytes + stage.patches * stage.patchBytes,
  };
}
