import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openAdapterBundle, openBundle } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import { swinFixtures } from '../upsampler.test.kit.ts';
import { fixtures, temporaryDirectory } from './fixture.test.kit.ts';

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
let upsampler: { readonly options: Record<string, unknown>; readonly files: readonly string[] };
beforeAll(async () => {
  temporary = await temporaryDirectory();
  const out = join(temporary.path, 'upsampler');
  await compile(join(swinFixtures, 'swinir/real-x4'), out);
  const { manifest } = await openAdapterBundle(out);
  upsampler = { options: manifest.adapter.options, files: Object.keys(manifest.files) };
});
afterAll(() => temporary.remove());

/** A whole checkpoint whose pictures are refined like this, with a patch stage and an upsampler beside it. */
async function checkpointWith(name: string, adapters: readonly unknown[]): Promise<string> {
  const path = join(temporary.path, name);
  await cp(join(fixtures, 'all-on'), path, { recursive: true });
  await cp(join(fixtures, 'patches/image-patches.safetensors'), join(path, 'image-patches.safetensors'));
  for (const file of upsampler.files) await cp(join(temporary.path, 'upsampler', file), join(path, file));
  const config = JSON.parse(await readFile(join(path, 'config.json'), 'utf8'));
  for (const modality of config.modalities) if (modality.name === 'image') modality.adapters = adapters;
  await writeFile(join(path, 'config.json'), JSON.stringify(config));
  return path;
}

describe('a checkpoint takes an upsampler along', () => {
  const plugin = '@any-to-any/adapter-denoise';

  test('alone, as any adapter', async () => {
    const from = await checkpointWith('alone', [{ kind: 'plugin', plugin, ...upsampler }]);
    const out = join(temporary.path, 'alone-bundle');
    await compile(from, out);
    const { manifest } = await openBundle(out);
    expect(manifest.ports['image']?.adapters).toEqual([{ plugin, options: upsampler.options }]);
    expect(upsampler.options).toMatchObject({ kind: 'upsampler', scale: 4 });
    expect(Object.keys(manifest.files)).toEqual(expect.arrayContaining([...upsampler.files]));
  });

  test('behind a patch stage, as part of it', async () => {
    const { codes: _, ...stage } = JSON.parse(await readFile(join(fixtures, 'patches/config.json'), 'utf8'));
    const from = await checkpointWith('both', [{ ...stage, upsampler }]);
    const out = join(temporary.path, 'both-bundle');
    await compile(from, out);
    const { manifest } = await openBundle(out);
    const [use, ...others] = manifest.ports['image']?.adapters ?? [];
    expect(others).toEqual([]);
    expect(use).toMatchObject({ plugin, options: { kind: 'patches', upsampler: upsampler.options } });
    expect(Object.keys(manifest.files)).toEqual(
      expect.arrayContaining([...upsampler.files, 'image-patches.onnx']),
    );
  });

  test('but no file that is not there, nor one elsewhere', async () => {
    const { codes: _, ...stage } = JSON.parse(await readFile(join(fixtures, 'patches/config.json'), 'utf8'));
    const out = join(temporary.path, 'never');
    for (const file of ['absent.onnx', '../image-upsampler.onnx']) {
      const from = await checkpointWith(`wrong-${file.length}`, [
        { ...stage, upsampler: { ...upsampler, files: [file] } },
      ]);
      await expect(compile(from, out)).rejects.toThrow(/CHECKPOINT_INVALID/);
    }
  });
});
