/**
 * Sampler: logits → one id. Applies the filters in their usual order, then draws with the number it is given.
 * Deterministic: the same logits, options and number give the same id.
 */
import { AnyToAnyError, rejectUnknownOptions } from '../../errors.ts';
import {
  argmax,
  keepMinP,
  keepTopK,
  keepTopP,
  penalizeRepetition,
  scaleByTemperature,
  softmax,
} from './filters.ts';

export interface SamplingOptions {
  /** 0 takes the likeliest id. Default 1. */
  readonly temperature?: number | undefined;
  /** 0 keeps all. Default 0. */
  readonly topK?: number | undefined;
  /** Default 1: keeps all. */
  readonly topP?: number | undefined;
  /** Default 0: keeps all. */
  readonly minP?: number | undefined;
  /** Default 1: no penalty. */
  readonly repetitionPenalty?: number | undefined;
}

/** Name → [smallest, largest, must be whole] */
const ranges = {
  temperature: [0, 100, false],
  topK: [0, Number.MAX_SAFE_INTEGER, true],
  topP: [0, 1, false],
  minP: [0, 1, false],
  repetitionPenalty: [0.01, 100, false],
} as const;

export const samplingOptionNames = Object.keys(ranges) as readonly (keyof SamplingOptions)[];

/** Throws OPTION_UNKNOWN or OPTION_INVALID. */
export function checkSamplingOptions(options: SamplingOptions, where: string): void {
  rejectUnknownOptions(options, samplingOptionNames, where);
  for (const name of samplingOptionNames) {
    const value = options[name];
    if (value === undefined) continue;
    const [least, most, whole] = ranges[name];
    if (
      typeof value !== 'number' ||
      !(value >= least && value <= most) ||
      (whole && !Number.isInteger(value))
    ) {
      throw new AnyToAnyError(
        'OPTION_INVALID',
        `${where}: ${name} must be ${whole ? 'a whole number' : 'a number'} from ${least} to ${most}, got ${value}.`,
        { option: name },
      );
    }
  }
}

/** Takes one id. Changes `logits`. `ids` are the ids that came before; `random` is in [0, 1). */
export function sample(
  logits: Float32Array,
  options: SamplingOptions,
  ids: Iterable<number>,
  random: number,
): number {
  const { temperature = 1, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1 } = options;
  if (repetitionPenalty !== 1) penalizeRepetition(logits, ids, repetitionPenalty);
  if (temperature === 0) return argmax(logits);
  if (temperature !== 1) scaleByTemperature(logits, temperature);
  keepTopK(logits, topK);
  keepMinP(logits, minP);
  keepTopP(logits, topP);
  return draw(softmax(logits), random);
}

/** Inverts the cumulative distribution in id order: `[.2, .5, .3]` and .6 → 1. */
export function draw(probabilities: Float64Array, random: number): number {
  let sum = 0;
  let last = 0;
  for (let id = 0; id < probabilities.length; id++) {
    if (probabilities[id] === 0) continue;
    sum += probabilities[id]!;
    last = id;
    if (random < sum) return id;
  }
  return last;
}
