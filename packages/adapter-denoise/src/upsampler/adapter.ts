/**
 * The adapter of an upsampler: pictures as a tokenizer drew them, or as a patch stage sharpened them → larger.
 * The network sees a whole tile, so a picture is enlarged tile by tile, as soon as all that a tile sees is exact.
 */
import { AnyToAnyError, type Graph } from '@any-to-any/core';
import { type DenoiseAdapter, noSteps, pluginName } from '../adapter.ts';
import { flow } from '../flow.ts';
import type { UpsamplerOptions } from '../options.ts';
import { UpsamplerWork } from './work.ts';

/** What is opened of an upsampler. */
export interface Upsampler {
  readonly options: UpsamplerOptions;
  /** Turns `network.ts`'s inputs into its outputs. */
  readonly graph: Graph;
}

/** `before` sharpens what is enlarged; it enlarges nothing itself. */
export function upsamplerAdapter({ options, graph }: Upsampler, before?: DenoiseAdapter): DenoiseAdapter {
  return {
    name: pluginName,
    modality: 'image',
    choices: {
      ...before?.choices,
      upscale: options.scale > 1 ? [options.scale, 1, options.scale ** 2] : [1],
    },
    adapt(deltas, { upscale, signal, ...others }) {
      if (before === undefined && others.steps !== undefined) throw noSteps(others.steps);
      const passes = passesOf(options.scale, upscale);
      const sharp = before === undefined ? deltas : before.adapt(deltas, { ...others, signal, upscale: 1 });
      if (passes === 0) return sharp;
      return flow(sharp, new UpsamplerWork(graph, options, passes), signal);
    },
  };
}

/**
 * How often a network that enlarges `scale` times has to run for `upscale`; not asked for, it is once. Throws OPTION_INVALID
 * for what it cannot. Twice and 4 → 2, twice and 1 → 0.
 */
export function passesOf(scale: number, upscale: number | undefined): number {
  if (upscale === undefined || upscale === scale) return 1;
  if (upscale === 1) return 0;
  for (let passes = 2; scale > 1 && scale ** passes <= upscale; passes++)
    if (scale ** passes === upscale) return passes;
  const can = scale > 1 ? `1, ${scale} or ${scale ** 2}` : '1';
  throw new AnyToAnyError(
    'OPTION_INVALID',
    `upscale is ${upscale}, but this upsampler enlarges ${scale} times. Ask for ${can}, or use another upsampler.`,
    { option: 'upscale', plugin: pluginName },
  );
}
