/**
 * Turns the baseline's weights into its three graphs. Comes before `open.ts`, which runs them; the drawing half of the
 * image tokenizer is that of the model it is compared with.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Model, openLedger, openSafetensors, saveModel, type Weights } from '@any-to-any/compiler';
import { dequantised } from '../weights.ts';
import { buildDenoiser } from './denoiser.ts';
import { buildNearest } from './nearest.ts';
import { type DiffusionPlan, parsePlan } from './plan.ts';
import { buildWords } from './words.ts';

export const graphNames = ['words', 'denoiser', 'nearest'] as const;
export type GraphName = (typeof graphNames)[number];

const builders: Readonly<Record<GraphName, (plan: DiffusionPlan, weights: Weights) => Model>> = {
  words: buildWords,
  denoiser: buildDenoiser,
  nearest: buildNearest,
};

export interface Lowered {
  readonly plan: DiffusionPlan;
  readonly models: Readonly<Record<GraphName, Model>>;
  /** Paths of the written graphs. */
  readonly paths: Readonly<Record<GraphName, string>>;
}

/** Reads `config.json` and `diffusion.safetensors` of a directory. Throws CHECKPOINT_INVALID for what is amiss. */
export async function lowerBaseline(directory: string, to: string): Promise<Lowered> {
  const plan = await readPlan(directory);
  const reader = await openSafetensors(join(directory, 'diffusion.safetensors'));
  try {
    const ledger = openLedger(dequantised(reader));
    const models = perGraph((name) => builders[name](plan, ledger.weights));
    ledger.check();
    const paths = perGraph((name) => join(to, `${name}.onnx`));
    for (const name of graphNames) await saveModel(models[name], paths[name]);
    return { plan, models, paths };
  } finally {
    await reader.close();
  }
}

export async function readPlan(directory: string): Promise<DiffusionPlan> {
  const file = join(directory, 'config.json');
  return parsePlan(file, JSON.parse(await readFile(file, 'utf8')));
}

function perGraph<T>(of: (name: GraphName) => T): Record<GraphName, T> {
  return { words: of('words'), denoiser: of('denoiser'), nearest: of('nearest') };
}
