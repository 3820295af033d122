/**
 * A tokenizer bundle: a tokenizer without a model, such as a sound codec. A directory like any bundle, whose manifest
 * says `kind: tokenizer`, which plugin it is for and with which options.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AnyToAnyError } from '../errors.ts';
import { type BundleFiles, listFiles, openFiles, readManifest } from './files.ts';
import { bundleFormat, manifestSchema, pluginUseSchema } from './manifest.ts';

export const tokenizerManifestSchema = manifestSchema
  .pick({ format: true, name: true, version: true, license: true, attribution: true, files: true })
  .extend({
    kind: z.literal('tokenizer'),
    /** What it tokenizes: the modality the plugin registers it for. */
    modality: z.string().min(1),
    tokenizer: pluginUseSchema,
  });

export type TokenizerManifest = z.infer<typeof tokenizerManifestSchema>;
export type TokenizerManifestParts = Omit<TokenizerManifest, 'format' | 'files'>;

export interface TokenizerBundle extends BundleFiles {
  readonly directory: string;
  readonly manifest: TokenizerManifest;
}

/** Lists every file below `directory` but the manifest. Throws BUNDLE_INVALID. */
export async function writeTokenizerManifest(
  directory: string,
  parts: TokenizerManifestParts,
): Promise<TokenizerManifest> {
  const manifest = checkTokenizerManifest({
    format: bundleFormat,
    ...parts,
    files: await listFiles(directory),
  });
  await writeFile(join(directory, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** `directory` holds `manifest.json`. Throws the BUNDLE_* codes; BUNDLE_INVALID for the bundle of a model. */
export async function openTokenizerBundle(directory: string): Promise<TokenizerBundle> {
  const data = await readManifest(directory);
  if ((data as { decoder?: unknown } | null)?.decoder !== undefined) {
    throw new AnyToAnyError(
      'BUNDLE_INVALID',
      `${directory} is a model, not a tokenizer on its own. Open it with createPipeline.`,
      { directory },
    );
  }
  const manifest = checkTokenizerManifest(data);
  return { directory, manifest, ...(await openFiles(directory, manifest.files)) };
}

/** Whether a parsed manifest says that it is one of a tokenizer. */
export function isTokenizerManifest(data: unknown): boolean {
  return (data as { kind?: unknown } | null)?.kind === 'tokenizer'; // any JSON value: the field may be absent
}

function checkTokenizerManifest(data: unknown): TokenizerManifest {
  const parsed = tokenizerManifestSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AnyToAnyError(
    'BUNDLE_INVALID',
    `manifest.json: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}. Compile the tokenizer again.`,
    { cause: parsed.error },
  );
}
