/**
 * Opens a bundle: reads and checks its manifest, its paths and every file's size and hash, before anything runs.
 */
import { AnyToAnyError } from '../errors.ts';
import { createTokenSpace, type TokenSpace } from '../token-space/space.ts';
import { type BundleFiles, openFiles, readManifest } from './files.ts';
import { checkManifest, type Manifest } from './manifest.ts';
import { expectKind } from './part.ts';

export interface Bundle extends BundleFiles {
  readonly directory: string;
  readonly manifest: Manifest;
  readonly space: TokenSpace;
}

/** `directory` holds `manifest.json`. Throws the BUNDLE_* and SPACE_* codes. */
export async function openBundle(directory: string): Promise<Bundle> {
  const data = await readManifest(directory);
  expectKind(data, directory, 'model');
  const manifest = checkManifest(data);
  const space = createTokenSpace(manifest.space);
  if (space.hash !== manifest.spaceHash) {
    throw new AnyToAnyError(
      'BUNDLE_INVALID',
      `The token space hashes to ${space.hash}, the manifest says ${manifest.spaceHash}. Compile the bundle again.`,
    );
  }
  checkReferences(manifest);
  if (manifest.unconditional === 'pad') space.mark('<pad>');
  return { directory, manifest, space, ...(await openFiles(directory, manifest.files)) };
}

/** Everything the manifest uses must be among its files, so that its hash was checked. */
function checkReferences(manifest: Manifest): void {
  const used = [manifest.decoder.graph];
  for (const port of Object.values(manifest.ports)) {
    if (port.table) used.push(port.table.file);
    if (port.head) used.push(port.head.graph);
    if (port.guide) used.push(port.guide.file);
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
  checkVoices(manifest);
  checkGuidance(manifest);
  for (const region of manifest.space.regions) {
    if (!manifest.ports[region.modality]) {
      throw new AnyToAnyError(
        'BUNDLE_INVALID',
        `Region ${region.modality} has no port. Compile the bundle again.`,
      );
    }
  }
}

/** A bundle cannot prefer what it has no vectors for. */
function checkGuidance({ sampling, ports }: Manifest): void {
  for (const [modality, { guidanceMode }] of Object.entries(sampling)) {
    if (guidanceMode !== 'distilled' || ports[modality]?.guide) continue;
    throw new AnyToAnyError(
      'BUNDLE_INVALID',
      `The guidance of ${modality} is to be distilled, but its port has no guide. Compile the bundle again.`,
      { modality },
    );
  }
}

/** A voice is chosen by words, so the space must hold text beside what speaks. */
function checkVoices({ voices = {}, space }: Manifest): void {
  const known = new Set(space.regions.map((region) => region.modality));
  for (const modality of Object.keys(voices)) {
    const missing = [modality, 'text'].find((one) => !known.has(one));
    if (missing === undefined) continue;
    throw new AnyToAnyError(
      'BUNDLE_INVALID',
      `There are voices of ${modality}, but no region ${missing}. Compile the bundle again.`,
      { modality: missing },
    );
  }
}
