/**
 * One process at a time: a file that says who is at work. It is given up by a process that ended, however it ended:
 * whoever comes next sees that its process is gone, or that nobody has touched the file for long.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { AnyToAnyError } from '@any-to-any/core';

export interface Lock {
  /** False if another process took over, which a process that was asleep for long must expect. */
  isOurs(): Promise<boolean>;
  /** Throws TARGET_BUSY if it is not. */
  check(): Promise<void>;
  release(): Promise<void>;
}

interface Holder {
  readonly process: number;
  readonly host: string;
  readonly token: string;
}

/** Milliseconds between touches, and after how many without one a holder counts as gone. */
const beat = 5_000;
const gone = 30_000;

/** Of this process. */
const held = new Set<string>();

/** `what` is being written, for messages. Makes the folder of `path`. Throws TARGET_BUSY. */
export async function holdLock(path: string, what: string): Promise<Lock> {
  const holder: Holder = { process: process.pid, host: hostname(), token: randomBytes(8).toString('hex') };
  for (;;) {
    await mkdir(dirname(path), { recursive: true });
    if (await create(path, holder)) break;
    const other = await readHolder(path);
    if (other !== undefined && !(await isGone(path, other))) throw busy(what, other);
    await takeAway(path, other);
  }
  held.add(holder.token);
  const touching = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), beat);
  touching.unref();
  const isOurs = async (): Promise<boolean> => (await readHolder(path))?.token === holder.token;
  return {
    isOurs,
    async check() {
      if (!(await isOurs())) throw busy(what, await readHolder(path));
    },
    async release() {
      clearInterval(touching);
      held.delete(holder.token);
      if (await isOurs()) await rm(path, { force: true });
    },
  };
}

/** False if there is one, or if its folder has just been removed. */
async function create(path: string, holder: Holder): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(JSON.stringify(holder)).finally(() => file.close());
    return true;
  } catch (error) {
    // A system error has a code.
    const { code } = error as { code?: unknown };
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    throw error;
  }
}

/** undefined if there is none, or one that is only being written. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder; // as `create` writes it
  } catch {
    return undefined;
  }
}

async function isGone(path: string, { process: id, host, token }: Holder): Promise<boolean> {
  const touched = (await stat(path).catch(() => undefined))?.mtimeMs;
  if (touched === undefined || Date.now() - touched > gone) return true;
  if (host !== hostname()) return false;
  return id === process.pid ? !held.has(token) : !isAlive(id);
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    // Another user's process is alive, too.
    return (error as { code?: unknown }).code === 'EPERM';
  }
}

/** Moves away what `seen` left, and nothing that came since. */
async function takeAway(path: string, seen: Holder | undefined): Promise<void> {
  if (seen === undefined) {
    // Not written yet, or its process ended before it was.
    const touched = (await stat(path).catch(() => undefined))?.mtimeMs;
    if (touched !== undefined && Date.now() - touched < 1_000) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return;
    }
  }
  const aside = `${path}.${randomBytes(4).toString('hex')}`;
  const moved = await rename(path, aside).then(
    () => true,
    () => false,
  );
  if (!moved) return;
  if ((await readHolder(aside))?.token === seen?.token) await rm(aside, { force: true });
  else await rename(aside, path);
}

function busy(what: string, other: Holder | undefined): AnyToAnyError {
  const who = other === undefined ? 'Another process' : `Process ${other.process} on ${other.host}`;
  return new AnyToAnyError('TARGET_BUSY', `${who} is writing ${what}. Wait until it is done, or stop it.`, {
    path: what,
  });
}
