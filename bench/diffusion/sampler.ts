/**
 * Words → latents: DDIM with guidance over the baseline's graphs. After every step it tells what the clean latents would
 * be as far as it knows; that is all a preview of diffusion can be. Ids, pixels and clocks are not here.
 */
import { type Graph, type Tensor, throwIfAborted } from '@any-to-any/core';
import type { DiffusionPlan } from './lower/plan.ts';
import { cleanOf, guide, signalShares, step, timesOf } from './schedule.ts';

export interface SamplerGraphs {
  readonly words: Graph;
  readonly denoiser: Graph;
}

export interface SampleOptions {
  /** Ids of the text tokenizer. */
  readonly ids: Uint32Array;
  /** `[codeWidth · grid · grid]`, normal. */
  readonly noise: Float32Array;
  readonly steps: number;
  readonly guidance: number;
  readonly signal?: AbortSignal | undefined;
}

/** The clean latents as each step predicts them; those of the last step are the picture. */
export async function* sampleLatents(
  { words, denoiser }: SamplerGraphs,
  plan: DiffusionPlan,
  { ids, noise, steps, guidance, signal }: SampleOptions,
): AsyncGenerator<Float32Array> {
  const { codeWidth, grid } = plan;
  const read = await words.run({ ids: bothRows(ids, plan) }, signal);
  const [context, gist] = [read['context']!, read['gist']!]; // outputs of `buildWords`
  const shares = signalShares();
  const limit = Math.sqrt(codeWidth);
  const times = timesOf(steps);
  let noisy = noise;
  for (const [i, time] of times.entries()) {
    throwIfAborted(signal, 'run');
    const feeds = {
      noisy: { data: twice(noisy), dims: [2, codeWidth, grid, grid] },
      time: { data: Float32Array.of(time, time), dims: [2] },
      context,
      gist,
    };
    const { v } = await denoiser.run(feeds, signal);
    const both = v!.data as Float32Array; // the graph says float32
    const half = both.length / 2;
    const guided = guide(both.subarray(0, half), both.subarray(half), guidance);
    const clean = cleanOf(noisy, guided, shares[time]!, limit);
    yield clean;
    const after = times[i + 1];
    if (after !== undefined) noisy = step(noisy, clean, shares[time]!, shares[after]!);
  }
}

/** The words, and as many ids that say nothing: the two rows that guidance compares. Empty words are one of these. */
function bothRows(ids: Uint32Array, { words, longest }: DiffusionPlan): Tensor {
  const said = ids.length === 0 ? [words] : [...ids.subarray(0, longest)];
  const silent = said.map(() => words);
  return { data: Int32Array.from([...said, ...silent]), dims: [2, said.length] };
}

function twice(values: Float32Array): Float32Array {
  const both = new Float32Array(2 * values.length);
  both.set(values);
  both.set(values, values.length);
  return both;
}
