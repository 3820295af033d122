import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openBundle } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from './compile.ts';
import { fixtures, temporaryDirectory } from './families/any-to-any/fixture.test.kit.ts';

const checkpoint = join(fixtures, 'all-on');
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

const path = (name: string): string => join(temporary.path, name);

describe('what the checkpoint says of its bundle', () => {
  /** A copy of the checkpoint whose config was edited. */
  const edited = async (name: string, edit: (config: Record<string, unknown>) => void): Promise<string> => {
    await cp(checkpoint, path(name), { recursive: true });
    const config = JSON.parse(await readFile(join(path(name), 'config.json'), 'utf8'));
    edit(config);
    await writeFile(join(path(name), 'config.json'), JSON.stringify(config));
    return path(name);
  };

  test('is what the manifest says, unless the caller says otherwise', async () => {
    const from = await edited('about', (config) => {
      config['bundle'] = {
        name: 'own',
        license: 'MIT',
        attribution: ['someone'],
        sampling: { image: { topK: 5 } },
      };
    });
    const manifest = await compile(from, path('about-bundle'), { license: 'Apache-2.0' });
    expect(manifest).toMatchObject({
      name: 'own',
      version: '0.0.0',
      license: 'Apache-2.0',
      attribution: ['someone'],
      sampling: { image: { topK: 5 } },
    });
  });

  test('voices too, checked', async () => {
    const voices = { image: { pencil: { wording: 'with a pencil', default: true } } };
    const from = await edited('voices', (config) => {
      config['bundle'] = { voices };
    });
    expect(await compile(from, path('voices-bundle'))).toMatchObject({ voices });
    const other = { image: { ink: { wording: 'in ink' } } };
    expect(await compile(from, path('ink-bundle'), { voices: other })).toMatchObject({ voices: other });
    const wrong = { voices: { image: { ink: { wording: '' } } } };
    await expect(compile(from, path('wrong-bundle'), wrong)).rejects.toThrow(/OPTION_INVALID.*voices/);
  });

  test('how content is read too, checked', async () => {
    const reading = { image: { read: 'both', between: '<pad>' } } as const;
    const from = await edited('reading', (config) => {
      config['bundle'] = { reading };
    });
    expect(await compile(from, path('reading-bundle'))).toMatchObject({ reading });
    const ids = { image: { read: 'ids' } } as const;
    expect(await compile(from, path('ids-bundle'), { reading: ids })).toMatchObject({ reading: ids });
    const wrong = { reading: { image: { read: 'pixels' as 'ids' } } };
    await expect(compile(from, path('pixels-bundle'), wrong)).rejects.toThrow(/OPTION_INVALID.*reading/);
  });

  test('a modality of a foreign plugin keeps its options and takes its files along', async () => {
    const use = {
      kind: 'plugin',
      plugin: 'tokenizer-smell',
      options: { words: 'smells.txt' },
      files: ['smells.txt'],
    };
    const from = await edited('foreign', (config) => {
      const [text] = config['modalities'] as Record<string, unknown>[];
      Object.assign(text!, { layout: { kind: 'plugin', buckets: 32 }, tokenizer: use });
    });
    await expect(compile(from, path('foreign-bundle'))).rejects.toThrow(/CHECKPOINT_INVALID.*smells.txt/);
    await writeFile(join(from, 'smells.txt'), 'rose\nsmoke');
    await compile(from, path('foreign-bundle'), { kv: 'int8' });
    const { manifest } = await openBundle(path('foreign-bundle'));
    expect(manifest.ports['text']?.tokenizer).toEqual({ plugin: use.plugin, options: use.options });
    expect(manifest.space.regions[0]?.layout).toEqual({ kind: 'plugin', buckets: 32 });
    expect(manifest.files['smells.txt']?.bytes).toBe(10);
  });

  test('so does a foreign encoder, and the compiler needs no weights of it', async () => {
    const plugin = 'encoder-smell';
    const use = { kind: 'plugin', plugin, options: { weights: 'nose.bin' }, files: ['nose.bin'] };
    const from = await edited('foreign-encoder', (config) => {
      const [text] = config['modalities'] as Record<string, unknown>[];
      Object.assign(text!, { encoder: use });
    });
    await expect(compile(from, path('encoder-bundle'))).rejects.toThrow(/CHECKPOINT_INVALID.*nose.bin/);
    await writeFile(join(from, 'nose.bin'), 'sniff');
    await compile(from, path('encoder-bundle'), { kv: 'int8' });
    const { manifest } = await openBundle(path('encoder-bundle'));
    expect(manifest.ports['text']?.encoder).toEqual({ plugin, options: use.options });
    expect(manifest.files['nose.bin']?.bytes).toBe(5);
  });
});
