/**
 * A tokenizer bundle: a tokenizer without a model, such as a sound codec.
 */
import { z } from 'zod';
import { pluginUseSchema } from './manifest.ts';
import { openPart, type Part, partSchema, writePart } from './part.ts';

export const tokenizerManifestSchema = partSchema.extend({
  kind: z.literal('tokenizer'),
  /** What it tokenizes: the modality the plugin registers it for. */
  modality: z.string().min(1),
  tokenizer: pluginUseSchema,
});

export type TokenizerManifest = z.infer<typeof tokenizerManifestSchema>;
export type TokenizerManifestParts = Omit<TokenizerManifest, 'format' | 'files'>;
export type TokenizerBundle = Part<TokenizerManifest>;

/** Lists every file below `directory` but the manifest. Throws BUNDLE_INVALID. */
export function writeTokenizerManifest(
  directory: string,
  parts: TokenizerManifestParts,
): Promise<TokenizerManifest> {
  return writePart(directory, tokenizerManifestSchema, parts);
}

/** `directory` holds `manifest.json`. Throws the BUNDLE_* codes; BUNDLE_INVALID for a bundle of another kind. */
export function openTokenizerBundle(directory: string): Promise<TokenizerBundle> {
  return openPart(directory, 'tokenizer', tokenizerManifestSchema);
}
