/**
 * A checkpoint of the hub → a directory that `compile` reads. Asks what there is, fetches what is missing, file by file;
 * stopped at any byte, the next call goes on from there.
 */
import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { holdLock } from '@any-to-any/compiler';
import { AnyToAnyError } from '@any-to-any/core';
import { type Connection, type ConnectionOptions, connect, isOffline } from './connection.ts';
import { download, hasContent, type Repository } from './download.ts';
import { folder, listRepository, type PullRecord, readRecord, writeRecord } from './listing.ts';
import { type RemoteFile, selectFiles } from './selection.ts';

export interface PullOptions extends Omit<ConnectionOptions, 'name'> {
  /** A branch, tag or commit. Default: main. */
  readonly revision?: string | undefined;
  /** Only these files. Default: what makes a checkpoint. */
  readonly files?: readonly string[] | undefined;
  readonly onProgress?: ((progress: PullProgress) => void) | undefined;
}

export interface PullProgress {
  readonly file: string;
  /** Bytes that are there, out of all. */
  readonly done: number;
  readonly total: number;
  /** Bytes that this call fetched. */
  readonly fetched: number;
}

export interface Pulled {
  readonly commit: string;
  readonly files: readonly string[];
  readonly bytes: number;
  readonly fetched: number;
}

/** Throws HUB_*, CHECKPOINT_INVALID, OPTION_INVALID, TARGET_BUSY, ABORTED, and what the file system throws. */
export async function pull(name: string, directory: string, options: PullOptions): Promise<Pulled> {
  checkName(name);
  const { revision = 'main', files: wanted = [], env, signal, onProgress } = options;
  const target = resolve(directory);
  const recordPath = join(target, folder, 'record.json');
  if (isOffline(env)) return withoutHub({ name, revision, wanted, target, recordPath, signal });

  const connection = await connect({ ...options, name });
  const { commit, files: all } = await listRepository(connection, name, revision, wanted.length > 0);
  const files = selectFiles(name, all, wanted);
  const lock = await holdLock(join(target, folder, 'lock'), target);
  try {
    await writeRecord(recordPath, { name, revision, commit, wanted: [...wanted], files });
    return { commit, ...(await fetchFiles(connection, { name, commit }, files, target, onProgress)) };
  } finally {
    await lock.release();
  }
}

async function fetchFiles(
  connection: Connection,
  repository: Repository,
  files: readonly RemoteFile[],
  target: string,
  onProgress: PullOptions['onProgress'],
): Promise<Omit<Pulled, 'commit'>> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  let fetched = 0;
  for (const file of files) {
    const path = join(target, file.path);
    const tell = (bytes: number): void => {
      done += bytes;
      onProgress?.({ file: file.path, done, total, fetched });
    };
    if (await hasContent(path, file, connection.signal)) {
      tell(file.bytes);
      continue;
    }
    let found = true;
    await download(connection, repository, file, target, (bytes) => {
      // The first are those of an earlier call.
      if (!found) fetched += Math.max(0, bytes);
      found = false;
      tell(bytes);
    });
  }
  await removePartials(target);
  return { files: files.map(({ path }) => path), bytes: total, fetched };
}

/** `owner/name`, as the hub spells it; nothing that could be another address. */
function checkName(name: string): void {
  const part = /^[A-Za-z0-9][\w.-]*$/;
  const parts = name.split('/');
  if (parts.length <= 2 && parts.every((one) => part.test(one) && !one.includes('..'))) return;
  throw new AnyToAnyError('OPTION_INVALID', `A model of the hub is called owner/name, not "${name}".`, {
    name,
  });
}

/** What other contents left behind. */
async function removePartials(target: string): Promise<void> {
  for (const entry of await readdir(join(target, folder))) {
    if (entry.endsWith('.partial')) await rm(join(target, folder, entry));
  }
}

interface Recorded {
  readonly name: string;
  readonly revision: string;
  readonly wanted: readonly string[];
  readonly target: string;
  readonly recordPath: string;
  readonly signal: AbortSignal | undefined;
}

/** HF_HUB_OFFLINE: a complete directory is as good as a pull. */
async function withoutHub({ name, revision, wanted, target, recordPath, signal }: Recorded): Promise<Pulled> {
  const fail = (problem: string): AnyToAnyError =>
    new AnyToAnyError('HUB_UNREACHABLE', `HF_HUB_OFFLINE is set, and ${problem}. Unset it and pull again.`, {
      stage: 'pull',
    });
  const record: PullRecord | undefined = await readRecord(recordPath);
  const same = record?.name === name && [record.revision, record.commit].includes(revision);
  if (!record || !same || record.wanted.join('\n') !== wanted.join('\n')) {
    throw fail(`${target} does not hold ${name} at ${revision}`);
  }
  for (const file of record.files) {
    if (!(await hasContent(join(target, file.path), file, signal)))
      throw fail(`${file.path} is not complete`);
  }
  const bytes = record.files.reduce((sum, file) => sum + file.bytes, 0);
  return { commit: record.commit, files: record.files.map(({ path }) => path), bytes, fetched: 0 };
}
