/**
 * Writes the manifest of a bundle whose files are already in place: sizes, hashes, the token space's hash.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalHash } from '../token-space/canonical.ts';
import { bundleFormat, checkManifest, type Manifest } from './manifest.ts';

export type ManifestParts = Omit<Manifest, 'format' | 'spaceHash' | 'files'>;

/** Lists every file below `directory` but the manifest. Throws BUNDLE_INVALID. */
export async function writeManifest(directory: string, parts: ManifestParts): Promise<Manifest> {
  const files: Manifest['files'] = {};
  const names = (await readdir(directory, { recursive: true }))
    .map((name) => name.replaceAll('\\', '/'))
    .sort();
  for (const name of names) {
    const path = join(directory, name);
    const info = await stat(path);
    if (info.isFile() && name !== 'manifest.json')
      files[name] = { bytes: info.size, sha256: await hashFile(path) };
  }
  const manifest = checkManifest({
    format: bundleFormat,
    ...parts,
    spaceHash: canonicalHash(parts.space),
    files,
  });
  await writeFile(join(directory, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** Lower-case hexadecimal SHA-256 of a file, read in pieces. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}
