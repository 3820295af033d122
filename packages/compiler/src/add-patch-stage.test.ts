import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openBundle } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addPatchStage } from './add-patch-stage.ts';
import { compile } from './compile.ts';
import { fixtures, temporaryDirectory } from './families/any-to-any/fixture.test.kit.ts';

const stage = join(fixtures, 'patches');
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
const path = (name: string): string => join(temporary.path, name);

beforeAll(async () => {
  temporary = await temporaryDirectory();
  await compile(join(fixtures, 'all-on'), path('plain'), { name: 'tiny', quantize: 'int8' });
});
afterAll(() => temporary.remove());

/** A copy of the stage whose config says something else. */
async function stageWith(name: string, changes: object): Promise<string> {
  await cp(stage, path(name), { recursive: true });
  const config = JSON.parse(await readFile(join(stage, 'config.json'), 'utf8'));
  await writeFile(join(path(name), 'config.json'), JSON.stringify({ ...config, ...changes }));
  return path(name);
}

async function plainBundle(name: string): Promise<string> {
  await cp(path('plain'), path(name), { recursive: true });
  return path(name);
}

describe('a patch stage in a bundle that exists', () => {
  test('adds its graph and its place, and touches no other file', async () => {
    const bundle = await plainBundle('refined');
    const before = await openBundle(bundle);
    const manifest = await addPatchStage(stage, bundle);
    const after = await openBundle(bundle);
    expect(after.manifest).toEqual(manifest);
    expect(Object.keys(manifest.files).filter((file) => !before.manifest.files[file])).toEqual([
      'image-patches.onnx',
      'image-patches.onnx.data',
    ]);
    expect(manifest.files).toMatchObject(before.manifest.files);
    const { files: _, ports, ...rest } = manifest;
    const { files: __, ports: portsBefore, ...restBefore } = before.manifest;
    expect(rest).toEqual(restBefore);
    const { adapters, ...image } = ports['image']!;
    expect({ ...ports, image }).toEqual(portsBefore);
    expect(adapters?.map(({ plugin }) => plugin)).toEqual(['@any-to-any/adapter-denoise']);
    expect((await readdir(temporary.path)).filter((name) => name.includes('partial'))).toEqual([]);
  });

  test('is what the compiler makes of a checkpoint that holds the stage', async () => {
    const checkpoint = path('checkpoint');
    await cp(join(fixtures, 'all-on'), checkpoint, { recursive: true });
    await cp(join(stage, 'image-patches.safetensors'), join(checkpoint, 'image-patches.safetensors'));
    const { codes: _, ...adapter } = JSON.parse(await readFile(join(stage, 'config.json'), 'utf8'));
    const config = JSON.parse(await readFile(join(checkpoint, 'config.json'), 'utf8'));
    for (const modality of config.modalities) if (modality.name === 'image') modality.adapters = [adapter];
    await writeFile(join(checkpoint, 'config.json'), JSON.stringify(config));
    const whole = await compile(checkpoint, path('whole'), { name: 'tiny', quantize: 'int8' });
    expect(await addPatchStage(stage, await plainBundle('added'))).toEqual(whole);
  });

  test('takes the place of the one that was there', async () => {
    const bundle = await plainBundle('again');
    await addPatchStage(stage, bundle);
    const { ports } = await addPatchStage(await stageWith('larger', { scale: 4 }), bundle);
    expect(ports['image']?.adapters?.map(({ options }) => options['scale'])).toEqual([4]);
  });

  test('is refused where it does not fit, and the bundle stays as it was', async () => {
    const bundle = await plainBundle('refused');
    const before = await readFile(join(bundle, 'manifest.json'), 'utf8');
    const refuse = async (changes: object, message: RegExp): Promise<void> => {
      const wrong = await stageWith('wrong', changes);
      await expect(addPatchStage(wrong, bundle)).rejects.toThrow(message);
    };
    await refuse({ codes: 15 }, /CHECKPOINT_INVALID.*codes: expected 16.*found 15/);
    await refuse({ codes: undefined }, /CHECKPOINT_INVALID.*codes/);
    await refuse({ width: 13 }, /CHECKPOINT_INVALID.*expected \[/);
    await refuse({ seams: 1 }, /CHECKPOINT_INVALID.*seams/);
    await expect(addPatchStage(stage, path('nowhere'))).rejects.toThrow(/BUNDLE_NOT_FOUND/);
    expect(await readFile(join(bundle, 'manifest.json'), 'utf8')).toBe(before);
    await openBundle(bundle);
  });
});
