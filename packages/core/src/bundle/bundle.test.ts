import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { locateBundle } from './locate.ts';
import type { Manifest } from './manifest.ts';
import { openBundle } from './open.ts';
import { pathInBundle } from './paths.ts';
import { type ManifestParts, writeManifest } from './write.ts';

const parts: ManifestParts = {
  name: 'test',
  version: '1.0.0',
  license: 'Apache-2.0',
  attribution: [],
  space: {
    version: 1,
    marks: { capacity: 4, names: ['<s>', '</s>', '<txt>', '</txt>'], begin: '<s>', end: '</s>' },
    regions: [
      {
        modality: 'text',
        open: '<txt>',
        close: '</txt>',
        offset: 4,
        size: 3,
        layout: { kind: 'plugin', buckets: 0 },
      },
    ],
  },
  decoder: {
    graph: 'decoder.onnx',
    width: 2,
    layers: 1,
    heads: 1,
    kvHeads: 1,
    headWidth: 2,
    context: 8,
    kv: 'float32',
    inputs: { modality: false, buckets: false },
  },
  ports: { text: { table: { file: 'tables/text.bin', type: 'float32', rows: 3 } } },
  sampling: {},
  unconditional: 'empty',
};

describe('bundle', () => {
  let root: string;
  let directory: string;
  let count = 0;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'any-to-any-bundle-'));
  });
  afterAll(() => rm(root, { recursive: true }));
  beforeEach(async () => {
    directory = join(root, String(count++));
    await mkdir(join(directory, 'tables'), { recursive: true });
    await writeFile(join(directory, 'decoder.onnx'), 'graph');
    await writeFile(join(directory, 'tables', 'text.bin'), new Uint8Array(24));
    await writeManifest(directory, parts);
  });

  const change = async (edit: (manifest: Manifest) => void): Promise<void> => {
    const path = join(directory, 'manifest.json');
    const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest;
    edit(manifest);
    await writeFile(path, JSON.stringify(manifest));
  };
  const opening = (): Promise<unknown> => openBundle(directory);

  it('opens what was written', async () => {
    const bundle = await openBundle(directory);
    expect(bundle.manifest.files['tables/text.bin']?.bytes).toBe(24);
    expect(bundle.space.region('text').toGlobal(2)).toBe(6);
    expect((await bundle.read('decoder.onnx')).length).toBe(5);
    expect(() => bundle.path('other.bin')).toThrow(/BUNDLE_FILE_MISSING/);
  });

  it('finds a bundle by path and says what was looked for otherwise', () => {
    expect(locateBundle(directory)).toBe(directory);
    expect(() => locateBundle(join(root, 'nowhere'))).toThrow(/BUNDLE_NOT_FOUND/);
    expect(() => locateBundle('@any-to-any/not-installed')).toThrow(/BUNDLE_NOT_FOUND.*not-installed/);
  });

  it('refuses a flipped byte in a weight file', async () => {
    const bytes = new Uint8Array(24);
    bytes[7] = 1;
    await writeFile(join(directory, 'tables', 'text.bin'), bytes);
    await expect(opening()).rejects.toThrow(/BUNDLE_HASH_MISMATCH.*tables\/text.bin/);
  });

  it('refuses a cut file and a missing one', async () => {
    await writeFile(join(directory, 'decoder.onnx'), 'grap');
    await expect(opening()).rejects.toThrow(/BUNDLE_HASH_MISMATCH.*5 bytes, but has 4/);
    await rm(join(directory, 'decoder.onnx'));
    await expect(opening()).rejects.toThrow(/BUNDLE_FILE_MISSING/);
  });

  it('refuses a newer format and says what to do', async () => {
    await change((manifest) => Object.assign(manifest, { format: 2 }));
    await expect(opening()).rejects.toThrow(/BUNDLE_VERSION.*Update/);
  });

  it('refuses unknown fields, missing fields and what is not JSON', async () => {
    await change((manifest) => Object.assign(manifest, { extra: 1 }));
    await expect(opening()).rejects.toThrow(/BUNDLE_INVALID/);
    await writeManifest(directory, parts);
    await change((manifest) => Reflect.deleteProperty(manifest, 'decoder'));
    await expect(opening()).rejects.toThrow(/BUNDLE_INVALID.*decoder/);
    await writeFile(join(directory, 'manifest.json'), '{');
    await expect(opening()).rejects.toThrow(/BUNDLE_INVALID.*JSON/);
    await rm(join(directory, 'manifest.json'));
    await expect(opening()).rejects.toThrow(/BUNDLE_NOT_FOUND/);
  });

  it('refuses a token space that is not the hashed one', async () => {
    await change((manifest) => {
      manifest.space.regions[0]!.size = 2;
    });
    await expect(opening()).rejects.toThrow(/BUNDLE_INVALID.*hashes to/);
  });

  it('refuses a file it uses but does not list', async () => {
    await change((manifest) => Reflect.deleteProperty(manifest.files, 'decoder.onnx'));
    await expect(opening()).rejects.toThrow(/BUNDLE_FILE_MISSING.*decoder.onnx/);
  });

  it('has guides whose scales ascend from or over 1, and prefers none that is not there', async () => {
    const guide = { file: 'tables/text.bin', type: 'float32' as const, scales: [1, 2, 4] };
    const guided = (own: object): ManifestParts => ({
      ...parts,
      ports: { text: { ...parts.ports['text'], guide: { ...guide, ...own } } },
      sampling: { text: { guidance: 2, guidanceMode: 'distilled' } },
    });
    await writeManifest(directory, guided({}));
    expect((await openBundle(directory)).manifest.ports['text']?.guide).toEqual(guide);
    for (const own of [
      { scales: [1] },
      { scales: [2, 3] },
      { scales: [1, 3, 2] },
      { rows: 3 },
      { scales: [-1, 1] },
    ]) {
      await expect(writeManifest(directory, guided(own))).rejects.toThrow(/BUNDLE_INVALID.*guide/);
    }
    await writeManifest(directory, guided({ file: 'guide.bin' }));
    await expect(opening()).rejects.toThrow(/BUNDLE_FILE_MISSING.*guide.bin/);
    await writeManifest(directory, { ...parts, sampling: { text: { guidanceMode: 'distilled' } } });
    await expect(opening()).rejects.toThrow(/BUNDLE_INVALID.*no guide/);
  });

  it('has voices of what it has, at most one of them the default', async () => {
    const woman = { wording: "a woman's voice", default: true } as const;
    await writeManifest(directory, { ...parts, voices: { text: { woman, man: { wording: 'a man' } } } });
    expect((await openBundle(directory)).manifest.voices).toEqual({
      text: { woman, man: { wording: 'a man' } },
    });
    for (const voices of [
      { text: { woman, man: woman } },
      { text: { woman: { wording: '' } } },
      { text: { 'A Woman': woman } },
      { text: { woman: { ...woman, pitch: 2 } } },
    ]) {
      await expect(writeManifest(directory, { ...parts, voices })).rejects.toThrow(/BUNDLE_INVALID.*voices/);
    }
    await writeManifest(directory, { ...parts, voices: { audio: { woman } } });
    await expect(opening()).rejects.toThrow(/BUNDLE_INVALID.*no region audio/);
  });

  it.each(['../secret', 'a/../../b', '/etc/passwd', 'C:\\x', 'a\\..\\b', './a', 'a//b', '', 'a\0b'])(
    'refuses the path %j',
    async (path) => {
      expect(() => pathInBundle(directory, path)).toThrow(/BUNDLE_PATH/);
      if (path === '') return;
      await change((manifest) => {
        manifest.files[path] = { bytes: 1, sha256: '0'.repeat(64) };
      });
      await expect(opening()).rejects.toThrow(/BUNDLE_PATH/);
    },
  );
});
