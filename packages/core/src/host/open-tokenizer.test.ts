import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openBundle } from '../bundle/open.ts';
import { type TokenizerManifestParts, writeTokenizerManifest } from '../bundle/tokenizer.ts';
import type { TextContent } from '../contract/content.ts';
import type { TextDelta } from '../contract/delta.ts';
import type { Graph } from '../contract/graph.ts';
import type { Plugin, Port } from '../contract/plugin.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';
import { fakeTokenizer } from '../testing/fakes.ts';
import { openTokenizer } from './open-tokenizer.ts';

const parts: TokenizerManifestParts = {
  kind: 'tokenizer',
  name: 'letters',
  version: '1.0.0',
  license: 'CC0-1.0',
  attribution: [],
  modality: 'text',
  tokenizer: { plugin: 'letters', options: { graph: 'linear.onnx' } },
};

/** A plugin that opens the graph of its options, and keeps what it was given. */
function letters(name = 'letters', modality = 'text') {
  const seen: { port?: Port; graph?: Graph } = {};
  const plugin: Plugin = {
    name,
    contract: 1,
    register(registry) {
      registry.tokenizer('text', async (port) => {
        seen.port = port;
        seen.graph = await port.files.graph(String(port.options['graph']));
        return fakeTokenizer(modality) as Tokenizer;
      });
    },
  };
  return { plugin, seen };
}

describe('a tokenizer on its own', () => {
  let root: string;
  let directory: string;
  let count = 0;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'any-to-any-tokenizer-'));
  });
  afterAll(() => rm(root, { recursive: true }));
  beforeEach(async () => {
    directory = join(root, String(count++));
    await mkdir(directory);
    await copyFile(
      join(import.meta.dirname, '../runtime/fixtures/linear.onnx'),
      join(directory, 'linear.onnx'),
    );
    await writeTokenizerManifest(directory, parts);
  });

  it('goes from content to ids and back, with its options and files', async () => {
    const { plugin, seen } = letters();
    const { tokenizer, manifest, close } = await openTokenizer<TextContent, TextDelta>({
      bundle: directory,
      plugins: [plugin],
    });
    expect(manifest.files['linear.onnx']?.bytes).toBeGreaterThan(0);
    expect(seen.port?.options).toEqual({ graph: 'linear.onnx' });
    const { ids, shape } = await tokenizer.encode({ modality: 'text', text: 'abc' });
    expect([...ids]).toEqual([0, 1, 2]);
    const deltas: TextDelta[] = [];
    for await (const delta of tokenizer.decode(fromArray([...ids]), { shape })) deltas.push(delta);
    expect(tokenizer.join(deltas)).toEqual({ modality: 'text', text: 'abc' });
    const x = { data: Float32Array.of(1, 0, 0), dims: [1, 3] };
    expect((await seen.graph!.run({ x }))['y']?.data).toEqual(Float32Array.of(11, 22));
    await close();
    await expect(seen.graph!.run({ x })).rejects.toThrow(/RUNTIME_CLOSED/);
  });

  it('wants the plugin its manifest names', async () => {
    await expect(openTokenizer({ bundle: directory, plugins: [] })).rejects.toThrow(
      /PLUGIN_MISSING.*letters/,
    );
    const { plugin } = letters('others');
    await expect(openTokenizer({ bundle: directory, plugins: [plugin] })).rejects.toThrow(
      /PLUGIN_MISSING.*others registered it/,
    );
  });

  it('refuses a tokenizer of another modality than it was registered for', async () => {
    const { plugin } = letters('letters', 'smell');
    await expect(openTokenizer({ bundle: directory, plugins: [plugin] })).rejects.toThrow(
      /PLUGIN_INVALID.*is for smell, registered for text/,
    );
  });

  it('checks its files, its manifest and its options', async () => {
    const { plugin } = letters();
    const opening = () => openTokenizer({ bundle: directory, plugins: [plugin] });
    await expect(openTokenizer({ bundle: directory, plugins: [plugin], threads: 0 })).rejects.toThrow(
      /OPTION_INVALID.*threads/,
    );
    await expect(
      openTokenizer({ bundle: directory, plugins: [plugin], model: 'x' } as never), // JavaScript callers
    ).rejects.toThrow(/OPTION_UNKNOWN.*model/);
    await writeFile(join(directory, 'linear.onnx'), 'x');
    await expect(opening()).rejects.toThrow(/BUNDLE_HASH_MISMATCH.*linear.onnx/);
    await writeFile(join(directory, 'manifest.json'), JSON.stringify({ kind: 'tokenizer', format: 2 }));
    await expect(opening()).rejects.toThrow(/BUNDLE_VERSION.*format 2/);
    await writeFile(join(directory, 'manifest.json'), JSON.stringify({ kind: 'tokenizer', format: 1 }));
    await expect(opening()).rejects.toThrow(/BUNDLE_INVALID.*name/);
    await expect(writeTokenizerManifest(directory, { ...parts, modality: '' })).rejects.toThrow(
      /BUNDLE_INVALID.*modality/,
    );
  });

  it('is no model, and a model is no tokenizer', async () => {
    await expect(openBundle(directory)).rejects.toThrow(
      /BUNDLE_INVALID.*a tokenizer on its own.*openTokenizer/,
    );
    const model = join(root, 'model');
    await mkdir(model);
    await writeFile(join(model, 'manifest.json'), JSON.stringify({ format: 1, decoder: {} }));
    await expect(openTokenizer({ bundle: model, plugins: [] })).rejects.toThrow(
      /BUNDLE_INVALID.*createPipeline/,
    );
  });
});

async function* fromArray(ids: readonly number[]): AsyncGenerator<number> {
  yield* ids;
}
