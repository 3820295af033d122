/**
 * Links in the directory of a checkpoint. A checkpoint comes from elsewhere, and a link in it could make any file of
 * this machine a part of a bundle. The hub's cache, where every file is a link to its blobs, is as it should be.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { checkpointInvalid } from './invalid.ts';

/** Throws CHECKPOINT_INVALID for a link to a file outside of `directory`. */
export async function checkLinks(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const links = entries.filter((entry) => entry.isSymbolicLink() && !entry.name.startsWith('.'));
  if (links.length === 0) return;
  const root = await realpath(directory);
  const allowed = [root];
  // models--owner--name/snapshots/COMMIT beside models--owner--name/blobs.
  if (basename(dirname(root)) === 'snapshots') allowed.push(join(dirname(dirname(root)), 'blobs'));
  for (const { name } of links) {
    const path = join(directory, name);
    const target = await realpath(path).catch(() => undefined);
    if (target === undefined || allowed.some((one) => target.startsWith(one + sep))) continue;
    if (!(await stat(path)).isFile()) continue;
    throw checkpointInvalid(
      path,
      `it is a link to ${target}, outside of the checkpoint. Put the file itself there, if it belongs to it.`,
      { target },
    );
  }
}
