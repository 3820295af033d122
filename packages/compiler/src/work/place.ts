/**
 * `x.partial` beside the target `x`: where a bundle is written until it is whole. Holds the bundle so far, the journal
 * of what is complete, and for a moment the older bundle. A compile of the same identity goes on with it; every other
 * begins anew. The target changes in one step, at the end.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { replace } from '../replace.ts';
import { beginJournal, type Journal, readJournal } from './journal.ts';
import { holdLock, type Lock } from './lock.ts';

export interface Place {
  /** The bundle so far. */
  readonly bundle: string;
  readonly journal: Journal;
  /** Puts the bundle where the target was, and clears up. */
  finish(): Promise<void>;
  /** Ends the work. `keep`: what is complete stays, for the next compile. */
  leave(keep: boolean): Promise<void>;
}

export const partialOf = (target: string): string => `${target}.partial`;

/** Throws TARGET_BUSY. `identify` tells what the result depends on, once nobody else is at work. */
export async function openPlace(target: string, identify: () => Promise<string>): Promise<Place> {
  const root = partialOf(target);
  const lock = await holdLock(join(root, 'lock'), target);
  try {
    return await enter(target, root, lock, await identify());
  } catch (error) {
    await leave(root, lock, true);
    throw error;
  }
}

async function enter(target: string, root: string, lock: Lock, identity: string): Promise<Place> {
  const bundle = join(root, 'bundle');
  const old = join(root, 'old');
  // A kill between the two steps of `finish` leaves the older bundle here.
  if (existsSync(old) && !existsSync(target)) await rename(old, target);
  await rm(old, { recursive: true, force: true });
  const path = join(root, 'journal');
  let journal = await readJournal(path, identity, bundle);
  if (journal === undefined) {
    await rm(bundle, { recursive: true, force: true });
    await mkdir(bundle);
    journal = await beginJournal(path, identity, bundle);
  } else {
    await mkdir(bundle, { recursive: true });
    await keepOnly(bundle, journal.files);
  }
  return {
    bundle,
    journal,
    async finish() {
      await lock.check();
      await replace(target, bundle, old);
    },
    leave: (keep) => leave(root, lock, keep),
  };
}

/** What was begun when the earlier compile ended is written again. */
async function keepOnly(bundle: string, files: ReadonlySet<string>): Promise<void> {
  const kept = [...files];
  for (const entry of await readdir(bundle)) {
    const needed = kept.some((file) => file === entry || file.startsWith(`${entry}/`));
    if (!needed) await rm(join(bundle, entry), { recursive: true });
  }
}

/** The lock goes last: until then nobody else begins. */
async function leave(root: string, lock: Lock, keep: boolean): Promise<void> {
  const ours = await lock.isOurs();
  for (const entry of ours && !keep ? await readdir(root) : []) {
    if (/^(bundle|journal|old|lock\..+)$/.test(entry)) await rm(join(root, entry), { recursive: true });
  }
  await lock.release();
  // Not empty: there is something to go on with, or someone has just begun.
  await rmdir(root).catch(() => {});
}
