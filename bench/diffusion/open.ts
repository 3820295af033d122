/**
 * The baseline as the bench uses it: words and a seed in, a picture out, and on the way as many previews as are asked for.
 * Text ids, codes and the drawing of codes are those of the model it is compared with; graphs run off the main thread.
 */
import { join } from 'node:path';
import {
  AnyToAnyError,
  type Bundle,
  type Device,
  type Graph,
  type ImageContent,
  openGraph,
} from '@any-to-any/core';
import { decodeRegion, rgbaOf } from '@any-to-any/tokenizer-image';
import { createTextTokenizer, type TextTokenizer } from '@any-to-any/tokenizer-text';
import type { GraphName } from './lower/lower.ts';
import type { DiffusionPlan } from './lower/plan.ts';
import { noiseOf } from './noise.ts';
import { sampleLatents } from './sampler.ts';

export interface DrawOptions {
  readonly seed: number;
  readonly steps: number;
  readonly guidance?: number | undefined;
  /** Also shows what the picture would be after every step. */
  readonly previews?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Baseline {
  /** The previews if they are asked for; last, the picture. */
  draw(words: string, options: DrawOptions): AsyncGenerator<ImageContent>;
  close(): void;
}

export interface BaselineParts {
  readonly plan: DiffusionPlan;
  readonly paths: Readonly<Record<GraphName, string>>;
  /** Of the model it is compared with. */
  readonly bundle: Bundle;
}

export async function openBaseline(
  { plan, paths, bundle }: BaselineParts,
  device: Device,
): Promise<Baseline> {
  const { decode, halo } = imageOptionsOf(bundle, plan);
  const text = await textTokenizerOf(bundle);
  const words = await openGraph(device, paths.words);
  const denoiser = await openGraph(device, paths.denoiser);
  const nearest = await openGraph(device, paths.nearest);
  const pixels = await openGraph(device, bundle.path(decode));
  const show = (latents: Float32Array) => draw({ nearest, pixels, halo }, plan, latents);
  return {
    async *draw(said, { seed, steps, guidance = plan.guidance, previews = false, signal }) {
      const { ids } = await text.encode({ modality: 'text', text: said });
      const noise = noiseOf(seed, plan.codeWidth * plan.grid ** 2);
      let last: Float32Array = noise;
      for await (const clean of sampleLatents({ words, denoiser }, plan, {
        ids,
        noise,
        steps,
        guidance,
        signal,
      })) {
        if (previews && last !== noise) yield show(last);
        last = clean;
      }
      yield show(last);
    },
    close: () => [words, denoiser, nearest, pixels].forEach((graph) => void graph.close()),
  };
}

async function draw(
  { nearest, pixels, halo }: { nearest: Graph; pixels: Graph; halo: number },
  { codeWidth, grid }: DiffusionPlan,
  latents: Float32Array,
): Promise<ImageContent> {
  const { ids } = await nearest.run({ latents: { data: latents, dims: [1, codeWidth, grid, grid] } });
  const codes = { ids: ids!.data as Int32Array, rows: grid, columns: grid }; // the graph says int32
  const whole = { row: 0, column: 0, rows: grid, columns: grid };
  const planar = await decodeRegion(pixels, codes, whole, halo);
  const { width, height } = planar;
  return { modality: 'image', width, height, data: rgbaOf(planar, 0, 0, width, height) };
}

/** The text tokenizer that the bundle and the baseline have in common. */
export async function textTokenizerOf(bundle: Bundle): Promise<TextTokenizer> {
  // The emoji model's text port is a tiktoken file, as its manifest says; the training wrote both.
  const { file, pattern } = bundle.manifest.ports['text']!.tokenizer!.options as {
    file: string;
    pattern: string;
  };
  return createTextTokenizer({ kind: 'tiktoken', ranks: await bundle.read(file), pattern });
}

interface ImageOptions {
  readonly decode: string;
  readonly halo: number;
  readonly size: number;
  readonly grids: readonly (readonly [rows: number, columns: number])[];
}

/** The image port of kind "vq" that has the baseline's latents for its codes; BUNDLE_INVALID if they cannot be these. */
export function imageOptionsOf(bundle: Bundle, { codes, grid, words }: DiffusionPlan): ImageOptions {
  const { text, image } = bundle.manifest.ports;
  const options = image?.tokenizer?.options as ImageOptions | undefined; // the image plugin has the checks
  const said = text?.table?.rows;
  if (options?.size === codes && `${options.grids?.[0]}` === `${grid},${grid}` && said === words)
    return options;
  throw new AnyToAnyError(
    'BUNDLE_INVALID',
    `${bundle.directory}: the baseline speaks ${words} text ids and draws ${grid} × ${grid} of ${codes} image codes, the ` +
      `model ${said ?? 'no'} text ids and ${options ? `${options.grids?.[0]?.join(' × ')} of ${options.size}` : 'no'} image codes. ` +
      'Train a baseline for its tokenizers.',
    { path: bundle.directory },
  );
}

/** Where the weights are committed. */
export const weightsDirectory = join(import.meta.dirname, '../../diffusion/weights'); // from bench/dist/diffusion
