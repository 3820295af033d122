/**
 * For tests: the default model with a guide of arbitrary vectors for pictures, in a directory of its own. Long ones, so that
 * every scale changes the picture; what it shows does not matter.
 */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locateBundle, openBundle, writeManifest } from '@any-to-any/core';

export const scales = [1, 2, 3];

export async function guidedModel(): Promise<{ directory: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'any-to-any-guided-'));
  await cp(locateBundle('@any-to-any/model-emoji', import.meta.url), directory, { recursive: true });
  const { format: _, spaceHash: __, files: ___, ...parts } = (await openBundle(directory)).manifest;
  const { width } = parts.decoder;
  const table = Float32Array.from({ length: scales.length * width }, (_, at) =>
    at < width ? 0 : 2 * Math.sin(at * at),
  );
  await writeFile(join(directory, 'image.guide.bin'), table);
  const guide = { file: 'image.guide.bin', type: 'float32' as const, scales };
  const ports = { ...parts.ports, image: { ...parts.ports['image'], guide } };
  await writeManifest(directory, { ...parts, ports });
  return { directory, remove: () => rm(directory, { recursive: true }) };
}
