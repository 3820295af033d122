/**
 * The files of a bundle, whatever it is: listed with sizes and hashes by whoever writes it, checked and read by whoever
 * opens it. Knows no manifest but that it is `manifest.json`.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AnyToAnyError } from '../errors.ts';
import { bundleFormat, type Manifest } from './manifest.ts';
import { pathInBundle } from './paths.ts';

export interface BundleFiles {
  /** Absolute path of a file the manifest lists. Throws BUNDLE_FILE_MISSING for others. */
  path(file: string): string;
  read(file: string): Promise<Uint8Array>;
}

/** Every file below `directory` but the manifest. */
export async function listFiles(directory: string): Promise<Manifest['files']> {
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
  return files;
}

/** Checks every file's size and hash. Throws BUNDLE_PATH, BUNDLE_FILE_MISSING, BUNDLE_HASH_MISMATCH. */
export async function openFiles(directory: string, files: Manifest['files']): Promise<BundleFiles> {
  for (const [file, { bytes, sha256 }] of Object.entries(files)) {
    await checkFile(pathInBundle(directory, file), file, bytes, sha256);
  }
  const path = (file: string): string => {
    if (!files[file]) {
      throw new AnyToAnyError('BUNDLE_FILE_MISSING', `The manifest lists no file "${file}".`, { path: file });
    }
    return pathInBundle(directory, file);
  };
  return { path, read: async (file) => new Uint8Array(await readFile(path(file))) };
}

/** The parsed `manifest.json`, of a format this release reads. Throws BUNDLE_NOT_FOUND, BUNDLE_INVALID, BUNDLE_VERSION. */
export async function readManifest(directory: string): Promise<unknown> {
  const text = await readFile(join(directory, 'manifest.json'), 'utf8').catch((cause: unknown) => {
    throw new AnyToAnyError('BUNDLE_NOT_FOUND', `Expected a manifest.json in ${directory}.`, {
      cause,
      directory,
    });
  });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new AnyToAnyError('BUNDLE_INVALID', `manifest.json in ${directory} is not JSON.`, { cause });
  }
  const format = (data as { format?: unknown } | null)?.format; // any JSON value: the field may be absent
  if (typeof format === 'number' && format > bundleFormat) {
    throw new AnyToAnyError(
      'BUNDLE_VERSION',
      `The bundle has format ${format}, this release reads up to ${bundleFormat}. Update @any-to-any/core.`,
      { format },
    );
  }
  return data;
}

/** Lower-case hexadecimal SHA-256 of a file, read in pieces. */
async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}

async function checkFile(path: string, file: string, bytes: number, sha256: string): Promise<void> {
  let size: number;
  try {
    size = (await stat(path)).size;
  } catch (cause) {
    throw new AnyToAnyError('BUNDLE_FILE_MISSING', `Expected ${file} (${bytes} bytes), found none.`, {
      cause,
      path: file,
    });
  }
  if (size !== bytes) {
    throw new AnyToAnyError(
      'BUNDLE_HASH_MISMATCH',
      `${file} should have ${bytes} bytes, but has ${size}. Fetch or compile the bundle again.`,
      { path: file },
    );
  }
  const found = await hashFile(path);
  if (found !== sha256) {
    throw new AnyToAnyError(
      'BUNDLE_HASH_MISMATCH',
      `${file} should hash to ${sha256}, but hashes to ${found}. Fetch or compile the bundle again.`,
      { path: file },
    );
  }
}
