/**
 * An adapter bundle: an adapter without a model, such as an upsampler. A pipeline takes it along through the plugin it is
 * for (`Port.adapter`).
 */
import { z } from 'zod';
import { pluginUseSchema } from './manifest.ts';
import { openPart, type Part, partSchema, writePart } from './part.ts';

export const adapterManifestSchema = partSchema.extend({
  kind: z.literal('adapter'),
  /** Whose content it refines: the modality the plugin registers it for. */
  modality: z.string().min(1),
  adapter: pluginUseSchema,
});

export type AdapterManifest = z.infer<typeof adapterManifestSchema>;
export type AdapterManifestParts = Omit<AdapterManifest, 'format' | 'files'>;
export type AdapterBundle = Part<AdapterManifest>;

/** Lists every file below `directory` but the manifest. Throws BUNDLE_INVALID. */
export function writeAdapterManifest(
  directory: string,
  parts: AdapterManifestParts,
): Promise<AdapterManifest> {
  return writePart(directory, adapterManifestSchema, parts);
}

/** `directory` holds `manifest.json`. Throws the BUNDLE_* codes; BUNDLE_INVALID for a bundle of another kind. */
export function openAdapterBundle(directory: string): Promise<AdapterBundle> {
  return openPart(directory, 'adapter', adapterManifestSchema);
}
