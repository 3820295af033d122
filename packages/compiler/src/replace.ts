/**
 * Where a bundle goes: what may be replaced, and how it is replaced whole or not at all. Knows nothing of its content.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AnyToAnyError } from '@any-to-any/core';

/** Only nothing, an empty directory or a bundle may be replaced: a mistyped path must not cost anyone their files. */
export async function checkReplaceable(target: string): Promise<void> {
  if (!existsSync(target)) return;
  const entries = await readdir(target).catch(() => ['not a directory']);
  if (entries.length === 0 || entries.includes('manifest.json')) return;
  throw new AnyToAnyError(
    'OPTION_INVALID',
    `${target} is neither empty nor a bundle. Name a directory that may be replaced.`,
    { path: target },
  );
}

/** Moves the complete `partial` to `target`. What was there lies at `old` meanwhile, is put back if the move fails, and is gone at the end. */
export async function replace(target: string, partial: string, old = `${partial}-old`): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const replaces = existsSync(target);
  if (replaces) await rename(target, old);
  try {
    await rename(partial, target);
  } catch (error) {
    if (replaces) await rename(old, target);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}
