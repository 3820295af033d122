/**
 * Files that are there whole or not at all: written beside the target under another name, then renamed.
 */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AnyToAnyError } from '@any-to-any/core';
import { atExit } from './at-exit.ts';

export interface WholeFile {
  /** The absolute path to write to until `commit`. */
  readonly temporary: string;
  /** Puts the file in its place, where it replaces an older one. Throws OPTION_INVALID. */
  commit(): Promise<void>;
  /** Removes what was written; nothing after `commit`. */
  discard(): Promise<void>;
}

/** Throws OPTION_INVALID if something stands at `path` that a file must not replace: a directory, a device, a pipe. */
export async function beginWhole(path: string): Promise<WholeFile> {
  // The toolkit may run as root, where a rename would replace even a device.
  const there = await stat(path).catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cannotWrite(path, cause);
  });
  if (there && !there.isFile()) throw cannotWrite(path, 'it is not a file');
  const temporary = `${resolve(path)}.${randomUUID()}.partial`;
  const forget = atExit(() => rmSync(temporary, { force: true }));
  const discard = async () => {
    forget();
    await rm(temporary, { force: true });
  };
  return {
    temporary,
    async commit() {
      try {
        await rename(temporary, path);
        forget();
      } catch (cause) {
        await discard();
        throw cannotWrite(path, cause);
      }
    },
    discard,
  };
}

export function cannotWrite(path: string, cause: unknown): AnyToAnyError {
  return new AnyToAnyError('OPTION_INVALID', `Cannot write "${path}": ${String(cause)}`, { path, cause });
}
