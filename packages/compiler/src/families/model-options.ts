/**
 * Options of `compile` that are for models, refused where something else is compiled.
 */
import { AnyToAnyError } from '@any-to-any/core';
import type { Settings } from '../options.ts';

/** Throws OPTION_INVALID for the first one that was given; `others`: options of yet other things, true if given. */
export function rejectModelOptions(
  { quantization, kv, tables, context, calibration, about }: Settings,
  because: string,
  others: Readonly<Record<string, boolean>> = {},
): void {
  const given = {
    quantize: quantization !== undefined,
    kv: kv !== 'f32',
    tables: tables !== 'f32',
    context: context !== undefined,
    calibration: calibration !== undefined,
    sampling: about.sampling !== undefined,
    voices: about.voices !== undefined,
    reading: about.reading !== undefined,
    unconditional: about.unconditional !== undefined,
  };
  const meaningless = [...Object.entries(given), ...Object.entries(others)].find(([, set]) => set)?.[0];
  if (meaningless === undefined) return;
  throw new AnyToAnyError('OPTION_INVALID', `${meaningless} means nothing here: ${because}. Leave it out.`, {
    option: meaningless,
  });
}
