import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AdapterManifestParts, openAdapterBundle, writeAdapterManifest } from '../bundle/adapter.ts';
import { openBundle } from '../bundle/open.ts';
import { openTokenizerBundle } from '../bundle/tokenizer.ts';
import type { Adapter } from '../contract/adapter.ts';
import type { TextDelta } from '../contract/delta.ts';
import type { Graph } from '../contract/graph.ts';
import type { Plugin, Port } from '../contract/plugin.ts';
import { drain, iterate } from '../testing/case.ts';
import { openAdapter, openAdapterPort } from './open-adapter.ts';
import { closeAll, createOpened } from './opened.ts';

const parts: AdapterManifestParts = {
  kind: 'adapter',
  name: 'loud',
  version: '1.0.0',
  license: 'CC0-1.0',
  attribution: [],
  modality: 'text',
  adapter: { plugin: 'loud', options: { graph: 'linear.onnx' } },
};

/** A plugin that opens the graph of its options and makes text loud. */
function loud(name = 'loud', modality = 'text') {
  const seen: { port?: Port; graph?: Graph } = {};
  const adapter: Adapter = {
    name,
    modality,
    async *adapt(deltas) {
      for await (const delta of deltas)
        yield { ...delta, text: (delta as TextDelta).text.toUpperCase() } as TextDelta; // text goes in
    },
  };
  const plugin: Plugin = {
    name,
    contract: 1,
    register(registry) {
      registry.adapter('text', async (port) => {
        seen.port = port;
        seen.graph = await port.files.graph(String(port.options['graph']));
        return adapter;
      });
    },
  };
  return { plugin, seen };
}

const x = { data: Float32Array.of(1, 0, 0), dims: [1, 3] };

describe('an adapter on its own', () => {
  let root: string;
  let directory: string;
  let count = 0;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'any-to-any-adapter-'));
  });
  afterAll(() => rm(root, { recursive: true }));
  beforeEach(async () => {
    directory = join(root, String(count++));
    await mkdir(directory);
    const linear = join(import.meta.dirname, '../runtime/fixtures/linear.onnx');
    await copyFile(linear, join(directory, 'linear.onnx'));
    await writeAdapterManifest(directory, parts);
  });

  it('takes deltas and gives deltas, with its options and files', async () => {
    const { plugin, seen } = loud();
    const opened = await openAdapter<TextDelta>({ bundle: directory, plugins: [plugin] });
    expect(opened.manifest.files['linear.onnx']?.bytes).toBeGreaterThan(0);
    expect(seen.port?.options).toEqual({ graph: 'linear.onnx' });
    const hello = iterate<TextDelta>([{ modality: 'text', text: 'hello' }]);
    const adapted = opened.adapter.adapt(hello, { shape: { kind: 'line' } });
    expect(await drain(adapted)).toEqual([{ modality: 'text', text: 'HELLO' }]);
    await opened.close();
    await expect(seen.graph!.run({ x })).rejects.toThrow(/RUNTIME_CLOSED/);
  });

  it('wants the plugin its manifest names, of its modality', async () => {
    const open = (plugins: readonly Plugin[]) => openAdapter({ bundle: directory, plugins });
    await expect(open([])).rejects.toThrow(/PLUGIN_MISSING.*adapter:text:loud.*loud/);
    await expect(open([loud('others').plugin])).rejects.toThrow(/PLUGIN_MISSING.*Install loud/);
    await expect(open([loud('loud', 'smell').plugin])).rejects.toThrow(
      /PLUGIN_INVALID.*adapter of loud is for smell/,
    );
    await expect(openAdapter({ bundle: directory, plugins: [], model: 'x' } as never)).rejects.toThrow(
      /OPTION_UNKNOWN.*openAdapter.*model/, // JavaScript callers
    );
  });

  it('is no model and no tokenizer, and its files are checked', async () => {
    await expect(openBundle(directory)).rejects.toThrow(/BUNDLE_INVALID.*an adapter on its own, not a model/);
    await expect(openTokenizerBundle(directory)).rejects.toThrow(/BUNDLE_INVALID.*Open it with openAdapter/);
    const model = join(root, 'model');
    await mkdir(model);
    await writeFile(join(model, 'manifest.json'), JSON.stringify({ format: 1, decoder: {} }));
    await expect(openAdapterBundle(model)).rejects.toThrow(/BUNDLE_INVALID.*a model.*createPipeline/);
    await writeFile(join(directory, 'linear.onnx'), 'x');
    await expect(openAdapterBundle(directory)).rejects.toThrow(/BUNDLE_HASH_MISMATCH/);
    await writeFile(join(directory, 'manifest.json'), JSON.stringify({ kind: 'adapter', format: 1 }));
    await expect(openAdapterBundle(directory)).rejects.toThrow(/BUNDLE_INVALID.*name/);
    await expect(writeAdapterManifest(directory, { ...parts, modality: '' })).rejects.toThrow(
      /BUNDLE_INVALID.*modality/,
    );
  });

  it('is opened inside a pipeline by the plugin it is for, and closed with it', async () => {
    const opened = createOpened(1, undefined);
    const port = await openAdapterPort(directory, 'loud', 'text', opened);
    expect(port.options).toEqual({ graph: 'linear.onnx' });
    const graph = await port.files.graph('linear.onnx');
    expect((await graph.run({ x }))['y']?.data).toEqual(Float32Array.of(11, 22));
    await closeAll(opened);
    await expect(graph.run({ x })).rejects.toThrow(/RUNTIME_CLOSED/);
    const open = (plugin: string, modality: string) => openAdapterPort(directory, plugin, modality, opened);
    await expect(open('others', 'text')).rejects.toThrow(
      /BUNDLE_INVALID.*of text for loud, not of text for others/,
    );
    await expect(open('loud', 'image')).rejects.toThrow(/BUNDLE_INVALID.*not of image/);
    await expect(openAdapterPort(join(root, 'nowhere'), 'loud', 'text', opened)).rejects.toThrow(
      /BUNDLE_NOT_FOUND/,
    );
  });
});
