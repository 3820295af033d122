/**
 * A bundle without a model: one plugin's part on its own, a tokenizer or an adapter. A directory like any bundle, whose
 * manifest says which of the two it is, which plugin it is for and with which options.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { AnyToAnyError } from '../errors.ts';
import { type BundleFiles, listFiles, openFiles, readManifest } from './files.ts';
import { bundleFormat, manifestSchema } from './manifest.ts';

/** What a bundle may be, and who opens it. */
const kinds = {
  model: { name: 'a model', opener: 'createPipeline' },
  tokenizer: { name: 'a tokenizer on its own', opener: 'openTokenizer' },
  adapter: { name: 'an adapter on its own', opener: 'openAdapter' },
} as const;

export type BundleKind = keyof typeof kinds;

/** What the manifests of all parts have in common. */
export const partSchema = manifestSchema.pick({
  format: true,
  name: true,
  version: true,
  license: true,
  attribution: true,
  files: true,
});

export interface Part<M> extends BundleFiles {
  readonly directory: string;
  readonly manifest: M;
}

/** Throws BUNDLE_INVALID if a parsed manifest says that it is of another kind; of one that says nothing, its schema tells. */
export function expectKind(data: unknown, directory: string, expected: BundleKind): void {
  const found = kindOf(data);
  if (found === undefined || found === expected) return;
  const { name, opener } = kinds[found];
  throw new AnyToAnyError(
    'BUNDLE_INVALID',
    `${directory} is ${name}, not ${kinds[expected].name}. Open it with ${opener}.`,
    { directory },
  );
}

function kindOf(data: unknown): BundleKind | undefined {
  const { kind, decoder } = (data ?? {}) as { kind?: unknown; decoder?: unknown }; // any JSON value: fields may be absent
  if (kind === 'tokenizer' || kind === 'adapter') return kind;
  return decoder === undefined ? undefined : 'model';
}

/** Lists every file below `directory` but the manifest. Throws BUNDLE_INVALID. */
export async function writePart<M>(
  directory: string,
  schema: z.ZodType<M>,
  parts: Readonly<Record<string, unknown>>,
): Promise<M> {
  const data = { format: bundleFormat, ...parts, files: await listFiles(directory) };
  const manifest = checkPart(schema, data);
  await writeFile(join(directory, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** `directory` holds `manifest.json`. Throws the BUNDLE_* codes. */
export async function openPart<M extends z.infer<typeof partSchema>>(
  directory: string,
  kind: BundleKind,
  schema: z.ZodType<M>,
): Promise<Part<M>> {
  const data = await readManifest(directory);
  expectKind(data, directory, kind);
  const manifest = checkPart(schema, data);
  return { directory, manifest, ...(await openFiles(directory, manifest.files)) };
}

function checkPart<M>(schema: z.ZodType<M>, data: unknown): M {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AnyToAnyError(
    'BUNDLE_INVALID',
    `manifest.json: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}. Compile it again.`,
    { cause: parsed.error },
  );
}
