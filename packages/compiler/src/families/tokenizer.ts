/**
 * What all families that make a tokenizer on its own have in common: which options mean nothing to them, and the manifest.
 */
import { AnyToAnyError, type TokenizerManifestParts } from '@any-to-any/core';
import type { Settings } from '../options.ts';

/** Throws OPTION_INVALID for an option of models. `what` it is instead: `a sound codec`. */
export function rejectModelOptions(settings: Settings, what: string): void {
  const { quantization, halves, kv, tables, context, calibration, about } = settings;
  const given = {
    quantize: quantization !== undefined || halves,
    kv: kv !== 'f32',
    tables: tables !== 'f32',
    context: context !== undefined,
    calibration: calibration !== undefined,
    sampling: about.sampling !== undefined,
    voices: about.voices !== undefined,
    unconditional: about.unconditional !== undefined,
  };
  const meaningless = Object.entries(given).find(([, set]) => set)?.[0];
  if (meaningless === undefined) return;
  throw new AnyToAnyError(
    'OPTION_INVALID',
    `${meaningless} is for models; ${what} has no decoder. Leave it out.`,
    { option: meaningless },
  );
}

export function describeTokenizer(
  { modality, plugin, options }: { modality: string; plugin: string; options: Record<string, unknown> },
  { about, directory }: Settings,
): TokenizerManifestParts {
  return {
    kind: 'tokenizer',
    name: about.name ?? directory,
    version: about.version ?? '0.0.0',
    license: about.license ?? 'UNLICENSED',
    attribution: [...(about.attribution ?? [])],
    modality,
    tokenizer: { plugin, options },
  };
}
