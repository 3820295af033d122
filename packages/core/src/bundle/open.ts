/**
 * Opens a bundle: reads and checks its manifest, its paths and every file's size and hash, before anything runs.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AnyToAnyError } from '../errors.ts';
import { createTokenSpace, type TokenSpace } from '../token-space/space.ts';
import { bundleFormat, checkManifest, type Manifest } from './manifest.ts';
import { pathInBundle } from './paths.ts';
import { hashFile } from './write.ts';

export interface Bundle {
  readonly directory: string;
  readonly manifest: Manifest;
  readonly space: TokenSpace;
  /** Absolute path of a file the manifest lists. Throws BUNDLE_FILE_MISSING for others. */
  path(file: string): string;
  read(file: string): Promise<Uint8Array>;
}

/** `directory` holds `manifest.json`. Throws the BUNDLE_* and SPACE_* codes. */
export async function openBundle(directory: string): Promise<Bundle> {
  const manifest = parseManifest(await readManifest(directory), directory);
  const space = createTokenSpace(manifest.space);
  if (space.hash !== manifest.spaceHash) {
    throw new AnyToAnyError(
      'BUNDLE_INVALID',
      `The token space hashes to ${space.hash}, the manifest says ${manifest.spaceHash}. Compile the bundle again.`,
    );
  }
  checkReferences(manifest);
  if (manifest.unconditional === 'pad') space.mark('<pad>');
  for (const [file, { bytes, sha256 }] of Object.entries(manifest.files)) {
    await checkFile(pathInBundle(directory, file), file, bytes, sha256);
  }
  const path = (file: string): string => {
    if (!manifest.files[file]) {
      throw new AnyToAnyError('BUNDLE_FILE_MISSING', `The manifest lists no file "${file}".`, { path: file });
    }
    return pathInBundle(directory, file);
  };
  return {
    directory,
    manifest,
    space,
    path,
    read: async (file) => new Uint8Array(await readFile(path(file))),
  };
}

async function readManifest(directory: string): Promise<string> {
  try {
    return await readFile(join(directory, 'manifest.json'), 'utf8');
  } catch (cause) {
    throw new AnyToAnyError('BUNDLE_NOT_FOUND', `Expected a manifest.json in ${directory}.`, {
      cause,
      directory,
    });
  }
}

function parseManifest(text: string, directory: string): Manifest {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new AnyToAnyError('BUNDLE_INVALID', `manifest.json in ${directory} is not JSON.`, { cause });
  }
  const format = (data as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > bundleFormat) {
    throw new AnyToAnyError(
      'BUNDLE_VERSION',
      `The bundle has format ${format}, this release reads up to ${bundleFormat}. Update @any-to-any/core.`,
      { format },
    );
  }
  return checkManifest(data);
}

/** Everything the manifest uses must be among its files, so that its hash was checked. */
function checkReferences(manifest: Manifest): void {
  const used = [manifest.decoder.graph];
  for (const port of Object.values(manifest.ports)) {
    if (port.table) used.push(port.table.file);
    if (port.head) used.push(port.head.graph);
  }
  for (const file of used) {
    if (!manifest.files[file]) {
      throw new AnyToAnyError(
        'BUNDLE_FILE_MISSING',
        `The manifest uses "${file}" but does not list it in files.`,
        {
          path: file,
        },
      );
    }
  }
  for (const region of manifest.space.regions) {
    if (!manifest.ports[region.modality]) {
      throw new AnyToAnyError(
        'BUNDLE_INVALID',
        `Region ${region.modality} has no port. Compile the bundle again.`,
      );
    }
  }
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
