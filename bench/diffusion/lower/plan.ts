/**
 * Sizes of the latent-diffusion baseline, as `config.json` beside its weights says them, checked. `training/` writes both.
 */
import { AnyToAnyError } from '@any-to-any/core';

const sizes = [
  'codes',
  'codeWidth',
  'grid',
  'words',
  'textWidth',
  'textLayers',
  'textHeads',
  'longest',
  'fine',
  'width',
  'hidden',
  'heads',
  'layers',
] as const;

export type DiffusionPlan = Readonly<Record<(typeof sizes)[number], number>> & {
  /** How much further from "nothing said" than the words alone: the scale of guidance it was looked at with. */
  readonly guidance: number;
};

/** Throws CHECKPOINT_INVALID; `file` is for the message. */
export function parsePlan(file: string, value: unknown): DiffusionPlan {
  const found = typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : new Map();
  const invalid = (what: string) =>
    new AnyToAnyError('CHECKPOINT_INVALID', `${file}: ${what}. Export the baseline again.`, { file });
  const number = (name: string): number => {
    const one: unknown = found.get(name);
    if (typeof one === 'number' && one > 0) return one;
    throw invalid(`"${name}" must be a number above 0, got ${JSON.stringify(one)}`);
  };
  const whole = Object.fromEntries(sizes.map((name) => [name, number(name)]));
  const odd = sizes.find((name) => !Number.isSafeInteger(whole[name]));
  if (odd) throw invalid(`"${odd}" must be a whole number, got ${whole[odd]}`);
  const unknown = [...found.keys()].find((name) => name !== 'guidance' && !(name in whole));
  if (unknown) throw invalid(`"${unknown}" is nothing the baseline knows`);
  // Every name of `sizes` is there, as a number: the lines above have looked.
  return { ...(whole as Record<(typeof sizes)[number], number>), guidance: number('guidance') };
}
