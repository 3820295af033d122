/**
 * What all families that make a tokenizer on its own have in common: which options mean nothing to them, and the manifest.
 */
import type { TokenizerManifestParts } from '@any-to-any/core';
import type { Settings } from '../options.ts';
import { rejectModelOptions } from './model-options.ts';

/** Throws OPTION_INVALID for an option of models. `what` it is instead: `a sound codec`. */
export function rejectForTokenizer(settings: Settings, what: string): void {
  rejectModelOptions(settings, `${what} has no decoder`, { quantize: settings.halves });
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
