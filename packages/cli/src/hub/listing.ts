/**
 * What a repository holds at one commit, asked of the hub; and the record of it beside the files, which says what is
 * complete without asking. Everything in a listing is input from outside: no path of it leaves the directory.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { AnyToAnyError } from '@any-to-any/core';
import { listFiles, modelInfo } from '@huggingface/hub';
import { z } from 'zod';
import type { Connection } from './connection.ts';
import type { RemoteFile } from './selection.ts';

/** The folder beside the files: the record, and what is not complete. */
export const folder = '.pull';

const digestSchema = z.strictObject({
  kind: z.enum(['sha256', 'git']),
  value: z.string().regex(/^[0-9a-f]+$/),
});
const recordSchema = z.strictObject({
  name: z.string(),
  /** What was asked for: a branch, a tag or a commit. */
  revision: z.string(),
  commit: z.string(),
  /** The files asked for by name; none: a checkpoint. */
  wanted: z.array(z.string()),
  files: z.array(
    z.strictObject({
      path: z.string().refine(isPlain),
      bytes: z.int().nonnegative(),
      digest: digestSchema,
    }),
  ),
});
export type PullRecord = z.infer<typeof recordSchema>;

export interface Listing {
  readonly commit: string;
  readonly files: readonly RemoteFile[];
}

/** Every file of the repository at the commit that `revision` is now. `deep`: also those in folders. */
export async function listRepository(
  { url: hubUrl, fetch }: Connection,
  name: string,
  revision: string,
  deep: boolean,
): Promise<Listing> {
  const { sha } = await modelInfo({ name, revision, additionalFields: ['sha'], hubUrl, fetch });
  if (!/^[0-9a-f]{40,64}$/.test(sha)) {
    throw invalid(`expected the commit of ${name} as hexadecimal digits, found ${JSON.stringify(sha)}.`);
  }
  const files: RemoteFile[] = [];
  const repo = { type: 'model', name } as const;
  for await (const { type, path, size, oid, lfs } of listFiles({
    repo,
    revision: sha,
    recursive: deep,
    hubUrl,
    fetch,
  })) {
    if (typeof path !== 'string' || !isPlain(path)) {
      throw invalid(`${name} lists ${JSON.stringify(path)}, which is no path inside a directory.`);
    }
    if (type !== 'file') continue;
    const digest = lfs ? { kind: 'sha256', value: lfs.oid } : { kind: 'git', value: oid };
    const parsed = digestSchema.safeParse(digest);
    const bytes = lfs?.size ?? size;
    if (!parsed.success || !Number.isSafeInteger(bytes) || bytes < 0) {
      throw invalid(
        `expected a size and a checksum for ${path} of ${name}, found ${bytes} and ${digest.value}.`,
      );
    }
    files.push({ path, bytes, digest: parsed.data });
  }
  return { commit: sha, files };
}

/** Nothing that could point elsewhere, on any platform, nor into the folder of the record. */
function isPlain(path: string): boolean {
  const parts = path.split('/');
  const odd = /[\\:\0]/.test(path) || parts.some((part) => part === '' || part === '.' || part === '..');
  return !odd && parts[0]?.toLowerCase() !== folder;
}

export function invalid(problem: string): AnyToAnyError {
  return new AnyToAnyError('HUB_INVALID', `The hub's answer is not what was asked for: ${problem}`, {
    stage: 'pull',
  });
}

export async function writeRecord(path: string, record: PullRecord): Promise<void> {
  await writeFile(path, `${JSON.stringify(record, null, 2)}\n`);
}

/** undefined if there is none that can be read. */
export async function readRecord(path: string): Promise<PullRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined; // it is only a help
  }
}
