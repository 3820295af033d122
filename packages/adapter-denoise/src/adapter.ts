/**
 * The adapter: patches of a picture as a tokenizer drew them → the same, sharper step by step and larger.
 * Comes after a tokenizer's decode. Every patch is sent at once as it came, then with rising revisions and falling
 * noise, and at last with sigma 0; deltas of other content pass through.
 */
import { type Adapter, type AdapterChoices, AnyToAnyError, type Delta, type Graph } from '@any-to-any/core';
import { refinePatches } from './flow.ts';
import { lanczosRefiner } from './lanczos.ts';
import { idsBeside, networkRefiner } from './network.ts';
import type { LanczosOptions, PatchesOptions, Scale } from './options.ts';
import { sigmasOf } from './schedule.ts';
import { Work, type WorkSettings } from './work.ts';

/** Takes and gives any deltas; refines those of pictures. */
export type DenoiseAdapter = Adapter<Delta>;

export const pluginName = '@any-to-any/adapter-denoise';

/** The adapter of a trained patch stage; `graph` turns `network.ts`'s inputs into its outputs. */
export function denoiseAdapter(options: PatchesOptions, graph: Graph): DenoiseAdapter {
  return adapterOf(options, { steps: options.schedule.steps }, (scale, steps) => {
    const schedule = { ...options.schedule, steps: steps ?? options.schedule.steps };
    return networkSettings({ ...options, schedule }, graph, scale);
  });
}

/** The adapter without a network. */
export function lanczosAdapter(options: LanczosOptions): DenoiseAdapter {
  return adapterOf(options, {}, (scale, steps) => {
    if (steps !== undefined) throw noSteps(steps);
    return scale === 1 ? undefined : lanczosSettings(scale);
  });
}

/** Changes nothing: for bundles without a patch stage. */
export const passingAdapter: DenoiseAdapter = {
  name: pluginName,
  modality: 'image',
  adapt(deltas, { upscale = 1, steps }) {
    if (steps !== undefined) throw noSteps(steps);
    if (upscale === 1) return deltas;
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `upscale is ${upscale}, but the bundle has no patch stage. Name an upsampler, or use denoisePlugin({ kind: 'lanczos', scale: 2 }).`,
      { option: 'upscale', plugin: pluginName },
    );
  },
};

/** `settingsOf` a scale: undefined where pictures of it are left as they are. */
function adapterOf(
  { scale: usual }: PatchesOptions | LanczosOptions,
  choices: AdapterChoices,
  settingsOf: (scale: Scale, steps: number | undefined) => WorkSettings | undefined,
): DenoiseAdapter {
  return {
    name: pluginName,
    modality: 'image',
    choices: { ...choices, upscale: [usual, ...scales.filter((scale) => scale !== usual)] },
    adapt(deltas, { upscale, steps, signal }) {
      const settings = settingsOf(checkScale(upscale ?? usual), steps);
      return settings ? refinePatches(deltas, new Work(settings), settings.refiner, signal) : deltas;
    },
  };
}

function networkSettings(options: PatchesOptions, graph: Graph, scale: Scale): WorkSettings {
  const { delay = 0.25, previews = 1, stop = 1, inFlight = 16, factor, codes, schedule } = options;
  return {
    refiner: networkRefiner(options, graph),
    sigmas: sigmasOf(schedule),
    scale,
    delay,
    previews: Math.min(previews, schedule.steps - 1),
    stop,
    inFlight,
    ids: { factor, codes, beside: idsBeside },
  };
}

/** One step that only enlarges, in patches of 16 px, a few at a time as they are reckoned on this thread. */
function lanczosSettings(scale: 2 | 4): WorkSettings {
  const refiner = lanczosRefiner(16);
  return { refiner, sigmas: [0.5, 0], scale, delay: 0, previews: 0, stop: 0, inFlight: 4 };
}

const scales: readonly Scale[] = [1, 2, 4];

function checkScale(scale: number): Scale {
  const found = scales.find((each) => each === scale);
  if (found !== undefined) return found;
  throw new AnyToAnyError('OPTION_INVALID', `upscale must be 1, 2 or 4, got ${scale}.`, {
    option: 'upscale',
    plugin: pluginName,
  });
}

export function noSteps(steps: number): AnyToAnyError {
  const message = `steps is ${steps}, but nothing here refines in steps: the bundle has no trained patch stage. Leave it out.`;
  return new AnyToAnyError('OPTION_INVALID', message, { option: 'steps', plugin: pluginName });
}
