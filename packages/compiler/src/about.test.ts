import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
    const manifest = await compile(from, path('foreign-bundle'), { kv: 'int8' });
    expect(manifest.ports['text']?.tokenizer).toEqual({ plugin: use.plugin, options: use.options });
    expect(manifest.space.regions[0]?.layout).toEqual({ kind: 'plugin', buckets: 32 });
    expect(manifest.files['smells.txt']?.bytes).toBe(10);
  });
});
