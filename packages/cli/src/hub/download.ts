/**
 * One file of the hub → one file on disk: goes on where an earlier attempt ended, and appears under its name only when
 * its checksum is right. What is not complete lies beside, named by the checksum, so it never continues another content.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { AnyToAnyError, aborted, throwIfAborted } from '@any-to-any/core';
import { fileDownloadInfo } from '@huggingface/hub';
import { type Connection, unreachable } from './connection.ts';
import { folder, invalid } from './listing.ts';
import type { RemoteFile } from './selection.ts';

export interface Repository {
  readonly name: string;
  readonly commit: string;
}

/** `onBytes`: bytes that are there now and were not, as a negative number those that were thrown away. */
export async function download(
  connection: Connection,
  { name, commit }: Repository,
  file: RemoteFile,
  directory: string,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const partial = join(directory, folder, `${file.digest.value}.partial`);
  onBytes(await bytesOf(partial));
  for (let attempt = 0; ; attempt++) {
    const have = await bytesOf(partial);
    if (have === file.bytes && file.bytes > 0) break;
    try {
      await fetchRest(connection, { name, commit }, file, partial, onBytes);
      break;
    } catch (error) {
      if (!AnyToAnyError.is(error, 'HUB_UNREACHABLE')) throw error;
      // A connection that breaks again and again still gets there, if something came each time.
      if ((await bytesOf(partial)) > have) attempt = -1;
      else if (!(await connection.again(attempt))) throw error;
    }
  }
  if (!(await hasContent(partial, file, connection.signal))) {
    await rm(partial);
    onBytes(-file.bytes);
    throw new AnyToAnyError(
      'HUB_HASH_MISMATCH',
      `${file.path} of ${name} differs from its checksum ${file.digest.value}. It was thrown away; pull again.`,
      { stage: 'pull', path: file.path },
    );
  }
  await moveInto(partial, directory, file.path);
}

async function fetchRest(
  connection: Connection,
  { name, commit }: Repository,
  { path, bytes }: RemoteFile,
  partial: string,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { url: hubUrl, fetch, signal } = connection;
  const handle = await open(partial, 'a');
  try {
    if (bytes === 0) return;
    let have = (await handle.stat()).size;
    const startOver = async (): Promise<void> => {
      onBytes(-have);
      have = 0;
      await handle.truncate(0);
    };
    if (have > bytes) await startOver();
    const repo = { type: 'model', name } as const;
    const info = await fileDownloadInfo({ repo, path, revision: commit, hubUrl, fetch });
    if (info?.size !== bytes) throw invalid(`${path} has ${info?.size} bytes, its listing says ${bytes}.`);
    const headers = have > 0 ? { range: `bytes=${have}-` } : {};
    const response = await fetch(info.url, { headers });
    // A server that does not do ranges sends everything.
    if (have > 0 && !response.headers.get('content-range')?.startsWith(`bytes ${have}-`)) await startOver();
    try {
      for await (const chunk of response.body ?? []) {
        have += chunk.length;
        if (have > bytes) throw invalid(`${path} goes on behind the ${bytes} bytes of its listing.`);
        await handle.appendFile(chunk);
        onBytes(chunk.length);
      }
    } catch (cause) {
      if (signal?.aborted) throw aborted(signal, 'pull');
      // The system's own codes, such as ENOSPC, are about the disk.
      if (AnyToAnyError.is(cause) || (cause instanceof Error && 'errno' in cause)) throw cause;
      throw unreachable(new URL(info.url).host, cause);
    }
    if (have < bytes) throw unreachable(new URL(info.url).host, `it ended after ${have} of ${bytes} bytes`);
  } finally {
    await handle.close();
  }
}

async function bytesOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

/** Whether a file is there with the size and checksum of the listing. */
export async function hasContent(
  path: string,
  { bytes, digest }: RemoteFile,
  signal?: AbortSignal | undefined,
): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile() || info.size !== bytes) return false;
  const hash = createHash(digest.kind === 'sha256' ? 'sha256' : 'sha1');
  // As git names the content of a file.
  if (digest.kind === 'git') hash.update(`blob ${bytes}\0`);
  for await (const chunk of createReadStream(path)) {
    throwIfAborted(signal, 'pull');
    hash.update(chunk);
  }
  return hash.digest('hex') === digest.value;
}

/** Folders of the path are made; one that is a link to elsewhere is refused. */
async function moveInto(partial: string, directory: string, path: string): Promise<void> {
  const target = join(directory, path);
  await mkdir(dirname(target), { recursive: true });
  const [root, parent] = [await realpath(directory), await realpath(dirname(target))];
  if (parent !== root && !parent.startsWith(root + sep)) {
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `${dirname(target)} leads out of ${directory}. Name another one.`,
      {
        path,
      },
    );
  }
  await rename(partial, target);
}
