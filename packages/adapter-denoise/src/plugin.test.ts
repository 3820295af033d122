import type { Adapter, Factory, Graph, Port, Registry } from '@any-to-any/core';
import { drain, expectCode, iterate } from '@any-to-any/core/testing';
import { expect, test } from 'vitest';
import { fixtureGraph, options, patchesOf, somePicture } from './fixtures.test.kit.ts';
import * as exported from './index.ts';
import { denoisePlugin } from './plugin.ts';

const shape = { kind: 'grid', rows: 8, columns: 8 } as const;

function registered(plugin = denoisePlugin()): Factory<Adapter> {
  let found: Factory<Adapter> | undefined;
  const refuse = (): never => expect.fail('registers more than it says');
  const registry: Registry = {
    tokenizer: refuse,
    encoder: refuse,
    adapter: (modality, factory) => {
      expect(modality).toBe('image');
      found = factory;
    },
    processor: refuse,
    engine: refuse,
  };
  plugin.register(registry);
  return found!;
}

const port = (raw: Port['options'], graph: () => Promise<Graph> = () => fixtureGraph()): Port => ({
  options: raw,
  files: { read: async () => new Uint8Array(), graph },
});

test('exports exactly this', () => {
  expect(Object.keys(exported).sort()).toEqual([
    'denoiseAdapter',
    'denoisePlugin',
    'enlargeByLanczos',
    'lanczosAdapter',
    'rollingSigmas',
    'sigmasOf',
  ]);
});

test('registers an adapter that works from the files of a bundle', async () => {
  expect(denoisePlugin()).toMatchObject({ name: '@any-to-any/adapter-denoise', contract: 1 });
  const adapter = await registered()(port({ ...options, scale: 2 }));
  expect(adapter).toMatchObject({ name: '@any-to-any/adapter-denoise', modality: 'image' });
  const sent = await drain(adapter.adapt(iterate(patchesOf(somePicture(32, 32), 0, 0)), { shape }));
  expect(sent.at(-1)).toMatchObject({ width: 64, sigma: 0 });
});

test('leaves pictures as they are where the bundle says nothing, or enlarges them if asked to', async () => {
  const deltas = patchesOf(somePicture(32, 32), 0, 0);
  const passing = await registered()(port({}));
  expect(await drain(passing.adapt(iterate(deltas), { shape }))).toEqual(deltas);
  await expectCode(() => passing.adapt(iterate(deltas), { shape, upscale: 2 }), 'OPTION_INVALID');
  const enlarging = await registered(denoisePlugin({ kind: 'lanczos', scale: 2 }))(port({}));
  const sent = await drain(enlarging.adapt(iterate(deltas), { shape }));
  expect(sent.at(-1)).toMatchObject({ width: 64, sigma: 0 });
});

test('refuses wrong options and graphs that do something else', async () => {
  await expectCode(async () => registered()(port({ ...options, kind: 'seams' })), 'OPTION_INVALID');
  // @ts-expect-error: a value that is not allowed
  await expectCode(() => denoisePlugin({ kind: 'lanczos', scale: 3 }), 'OPTION_INVALID');
  const graph = await fixtureGraph();
  const other = async (): Promise<Graph> => ({ ...graph, outputs: ['pixels'] });
  await expectCode(async () => registered()(port({ ...options }, other)), 'BUNDLE_INVALID');
});
