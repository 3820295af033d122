import type { Adapter, Factory, Graph, ImageDelta, Port, Registry } from '@any-to-any/core';
import { drain, expectCode, iterate } from '@any-to-any/core/testing';
import { describe, expect, test } from 'vitest';
import { fixtureGraph, options, patchesOf, somePicture } from './fixtures.test.kit.ts';
import * as exported from './index.ts';
import type { LanczosOptions } from './options.ts';
import { denoisePlugin } from './plugin.ts';
import { upsampler, upsamplerGraph } from './upsampler/fixtures.test.kit.ts';

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
    'upsamplerAdapter',
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
  const asked = await registered(denoisePlugin({ kind: 'lanczos', scale: 1 }))(port({}));
  expect(await drain(asked.adapt(iterate(deltas), { shape }))).toEqual(deltas);
  const large = await drain(asked.adapt(iterate(deltas), { shape, upscale: 4 }));
  expect(large.at(-1)).toMatchObject({ width: 128, sigma: 0 });
});

test('tells what a request may choose, the usual first', async () => {
  const choicesOf = async (raw: Port['options'], fallback?: LanczosOptions) =>
    (await registered(denoisePlugin(fallback))(port(raw))).choices;
  expect(await choicesOf({ ...options, scale: 2 })).toEqual({ upscale: [2, 1, 4], steps: 3 });
  expect(await choicesOf({}, { kind: 'lanczos', scale: 1 })).toEqual({ upscale: [1, 2, 4] });
  expect(await choicesOf({})).toBe(undefined);
});

describe('an upsampler', () => {
  const raw = { ...upsampler };
  const alone = (): Port => port(raw, upsamplerGraph);
  /** A port whose host opens one adapter bundle. */
  const beside = (said: Port['options'], found: Port): Port => ({
    ...port(said),
    adapter: async (bundle) => {
      expect(bundle).toBe('./swinir');
      return found;
    },
  });
  const widths = async (adapter: Adapter, upscale?: number): Promise<Set<number>> => {
    const deltas = iterate(patchesOf(somePicture(32, 32), 0, 0));
    const sent = (await drain(adapter.adapt(deltas, { shape, upscale }))) as ImageDelta[]; // a picture went in
    return new Set(sent.map(({ width }) => width));
  };

  test('of the bundle enlarges as the bundle says', async () => {
    expect(await widths(await registered()(alone()))).toEqual(new Set([64]));
  });

  test('of the app enlarges whatever the bundle says', async () => {
    const own = denoisePlugin({ upsampler: './swinir', overlap: 8 });
    for (const said of [{}, { kind: 'lanczos', scale: 4 }, raw])
      expect(await widths(await registered(own)(beside(said, alone())))).toEqual(new Set([64]));
    const stage = await registered(own)(beside({ ...options }, alone()));
    expect(await widths(stage)).toEqual(new Set([64]));
    expect(await widths(stage, 1)).toEqual(new Set([32]));
  });

  test('beside a patch stage enlarges what that sharpens', async () => {
    const graphs = (path: string) => (path === upsampler.graph ? upsamplerGraph() : fixtureGraph());
    const both: Port = {
      ...port({ ...options, upsampler }),
      files: { read: async () => new Uint8Array(), graph: graphs },
    };
    const adapter = await registered()(both);
    expect(await widths(adapter)).toEqual(new Set([64]));
    expect(await widths(adapter, 1)).toEqual(new Set([32]));
  });

  test('is refused where it cannot be one', async () => {
    // @ts-expect-error: a value that is not allowed
    await expectCode(() => denoisePlugin({ upsampler: 3 }), 'OPTION_INVALID');
    const scaled = { upsampler: './swinir', scale: 2 }; // an option that there is not
    await expectCode(() => denoisePlugin(scaled), 'OPTION_UNKNOWN');
    const own = denoisePlugin({ upsampler: './swinir' });
    await expectCode(async () => registered(own)(port({})), 'PLUGIN_INVALID');
    const lanczos = port({ kind: 'lanczos', scale: 2 });
    await expectCode(async () => registered(own)(beside({}, lanczos)), 'BUNDLE_INVALID');
    const tiles = denoisePlugin({ upsampler: './swinir', tile: 9 });
    await expectCode(async () => registered(tiles)(beside({}, alone())), 'OPTION_INVALID');
    await expectCode(async () => registered()(port(raw)), 'BUNDLE_INVALID'); // the graph of a patch stage
  });
});

test('refuses wrong options and graphs that do something else', async () => {
  await expectCode(async () => registered()(port({ ...options, kind: 'seams' })), 'OPTION_INVALID');
  // @ts-expect-error: a value that is not allowed
  await expectCode(() => denoisePlugin({ kind: 'lanczos', scale: 3 }), 'OPTION_INVALID');
  const graph = await fixtureGraph();
  const other = async (): Promise<Graph> => ({ ...graph, outputs: ['pixels'] });
  await expectCode(async () => registered()(port({ ...options }, other)), 'BUNDLE_INVALID');
});
