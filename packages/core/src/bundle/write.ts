/**
 * Writes the manifest of a bundle whose files are already in place: sizes, hashes, the token space's hash.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalHash } from '../token-space/canonical.ts';
import { listFiles } from './files.ts';
import { bundleFormat, checkManifest, type Manifest } from './manifest.ts';

export type ManifestParts = Omit<Manifest, 'format' | 'spaceHash' | 'files'>;

/** Lists every file below `directory` but the manifest. Throws BUNDLE_INVALID. */
export async function writeManifest(directory: string, parts: ManifestParts): Promise<Manifest> {
  const manifest = checkManifest({
    format: bundleFormat,
    ...parts,
    spaceHash: canonicalHash(parts.space),
    files: await listFiles(directory),
  });
  await writeFile(join(directory, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}
