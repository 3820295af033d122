/**
 * What the patch stage costs while the shipped model draws: words → picture, refined as an app gets it, beside the
 * same pictures without it in alternating calls.
 */
import { denoisePlugin } from '@any-to-any/adapter-denoise';
import { createPipeline, type Graph, type ImageDelta, type Pipeline, type Plugin } from '@any-to-any/core';
import { audioPlugin } from '@any-to-any/tokenizer-audio';
import { imagePlugin } from '@any-to-any/tokenizer-image';
import { textPlugin } from '@any-to-any/tokenizer-text';
import { median, worstDelay } from '../measure.ts';

export interface Timing {
  /** How many times larger; 0: without the stage. */
  readonly scale: 0 | 1 | 2 | 4;
  /** Medians, ms: call → first patch; last id → last patch; call → last patch. */
  readonly firstPatch: number;
  readonly afterLastId: number;
  readonly whole: number;
  /** Median of the time in the stage's graph over the time of the whole picture. */
  readonly share: number;
  /** The longest the event loop stood still, ms. */
  readonly worstDelay: number;
}

interface Call {
  readonly firstPatch: number;
  readonly afterLastId: number;
  readonly whole: number;
  readonly inStage: number;
}

const prompt = 'a red apple on a blue background';
const rounds = { warm: 2, counted: 9 };

export async function measureTiming(model: string): Promise<Timing[]> {
  const stage = timed(denoisePlugin());
  const pipeline = await createPipeline({
    model,
    plugins: [textPlugin(), imagePlugin(), audioPlugin(), stage.plugin],
  });
  const scales = [0, 1, 2, 4] as const;
  const calls = new Map(scales.map((scale) => [scale, [] as Call[]]));
  const delays = new Map(scales.map((scale) => [scale, 0]));
  for (let seed = 0; seed < rounds.warm + rounds.counted; seed++) {
    for (const scale of scales) {
      let call: Call | undefined;
      const delay = await worstDelay(async () => {
        call = await draw(pipeline, seed, scale, stage.spent);
      });
      if (seed < rounds.warm) continue;
      calls.get(scale)!.push(call!);
      delays.set(scale, Math.max(delays.get(scale)!, delay));
    }
  }
  await pipeline.close();
  return scales.map((scale) => {
    const of = (value: (call: Call) => number): number => median(calls.get(scale)!.map(value));
    return {
      scale,
      firstPatch: of((call) => call.firstPatch),
      afterLastId: of((call) => call.afterLastId),
      whole: of((call) => call.whole),
      share: of((call) => call.inStage / call.whole),
      worstDelay: delays.get(scale)!,
    };
  });
}

async function draw(
  pipeline: Pipeline,
  seed: number,
  scale: Timing['scale'],
  spent: () => number,
): Promise<Call> {
  const image = scale === 0 ? { refine: false } : { upscale: scale };
  const [began, before] = [performance.now(), spent()];
  let [first, lastId, last] = [Number.NaN, Number.NaN, Number.NaN];
  for await (const event of pipeline.stream({ content: [prompt], to: 'image', seed, options: { image } })) {
    const now = performance.now() - began;
    if (event.type === 'progress' && event.done === event.total) lastId = now;
    if (event.type !== 'segment-delta') continue;
    if (Number.isNaN(first)) first = now;
    if ((event.delta as ImageDelta).sigma === 0) last = now; // `to: 'image'`
  }
  return { firstPatch: first, afterLastId: last - lastId, whole: last, inStage: spent() - before };
}

/** The plugin, and the milliseconds its graph has run so far. */
function timed(plugin: Plugin): { readonly plugin: Plugin; spent(): number } {
  let spent = 0;
  const watch = (graph: Graph): Graph => ({
    ...graph,
    async run(feeds, signal) {
      const began = performance.now();
      const outputs = await graph.run(feeds, signal);
      spent += performance.now() - began;
      return outputs;
    },
  });
  return {
    plugin: {
      ...plugin,
      register: (registry) =>
        plugin.register({
          ...registry,
          adapter: (modality, factory) =>
            registry.adapter(modality, (port) =>
              factory({
                ...port,
                files: { ...port.files, graph: async (path) => watch(await port.files.graph(path)) },
              }),
            ),
        }),
    },
    spent: () => spent,
  };
}
