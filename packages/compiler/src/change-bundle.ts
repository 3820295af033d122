/**
 * A bundle that exists → a changed copy of it, in its place or elsewhere. It appears whole or not at all.
 */
import { randomBytes } from 'node:crypto';
import { cp, rm } from 'node:fs/promises';
import { type Manifest, type ManifestParts, writeManifest } from '@any-to-any/core';
import { replace } from './replace.ts';

/** `change` works on a copy of the files and says what the manifest says then. */
export async function changeBundle(
  bundle: string,
  target: string,
  change: (copy: string) => Promise<ManifestParts>,
): Promise<Manifest> {
  const partial = `${target}.partial-${randomBytes(4).toString('hex')}`;
  try {
    await cp(bundle, partial, { recursive: true });
    const written = await writeManifest(partial, await change(partial));
    await replace(target, partial);
    return written;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
