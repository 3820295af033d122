/**
 * Upsamplers from checkpoint to picture: SwinIR and Swin2SR compiled, opened alone and in a pipeline with the default model,
 * named by the app, by the command and by the bundle.
 */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { denoisePlugin } from '@any-to-any/adapter-denoise';
import { run } from '@any-to-any/cli';
import { compile } from '@any-to-any/compiler';
import {
  createPipeline,
  type ImageContent,
  type ImageDelta,
  locateBundle,
  type Manifest,
  type ModalityOptions,
  openAdapter,
  type Plugin,
  writeManifest,
} from '@any-to-any/core';
import { audioPlugin } from '@any-to-any/tokenizer-audio';
import { imagePlugin, joinImage, readImage } from '@any-to-any/tokenizer-image';
import { textPlugin } from '@any-to-any/tokenizer-text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const fixtures = new URL('../packages/compiler/fixtures/swin', import.meta.url).pathname;
const model = locateBundle('@any-to-any/model-emoji', import.meta.url);
const others = [textPlugin(), imagePlugin(), audioPlugin()];
const request = { content: ['a red apple'], to: 'image', seed: 1 } as const;
let root: string;
let plain: ImageContent;
const bundles = { double: '', quadruple: '' };
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'any-to-any-upsamplers-'));
  bundles.double = join(root, 'double');
  bundles.quadruple = join(root, 'quadruple');
  await compile(join(fixtures, 'swinir/classical-x2'), bundles.double);
  await compile(join(fixtures, 'swin2sr/compressed-x4'), bundles.quadruple);
  ({ content: plain } = await drawn([denoisePlugin()], { upscale: 1 }));
});
afterAll(() => rm(root, { recursive: true }));

/** The picture of the request, and the deltas it came in. */
async function drawn(own: readonly Plugin[], image: ModalityOptions = {}, from = model) {
  const pipeline = await createPipeline({ model: from, plugins: [...others, ...own], threads: 1 });
  const deltas: ImageDelta[] = [];
  let content: ImageContent | undefined;
  for await (const event of pipeline.stream({ ...request, options: { image } })) {
    if (event.type === 'segment-delta') deltas.push(event.delta as ImageDelta); // `to` says what comes
    if (event.type === 'segment-end') content = event.content as ImageContent;
  }
  await pipeline.close();
  return { content: content!, deltas };
}

/** The same picture through the adapter alone, whole. */
async function enlarged(bundle: string, picture: ImageContent, upscale?: 2 | 4): Promise<ImageContent> {
  const opened = await openAdapter<ImageDelta>({ bundle, plugins: [denoisePlugin()], threads: 1 });
  const rectangle = { x: 0, y: 0, width: picture.width, height: picture.height };
  const whole: ImageDelta = { ...picture, rectangle, revision: 0, sigma: 0 };
  const source = async function* () {
    yield whole;
  };
  const deltas: ImageDelta[] = [];
  const shape = { kind: 'grid', rows: 8, columns: 8 } as const;
  for await (const delta of opened.adapter.adapt(source(), { shape, upscale })) deltas.push(delta);
  await opened.close();
  return joinImage(deltas);
}

/** Levels of 8 bits by which two pictures differ most. */
function difference(a: ImageContent, b: ImageContent): number {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i]!)), 0);
}

describe.each([
  ['double', undefined, 2],
  ['double', 4, 4],
  ['quadruple', undefined, 4],
] as const)('%s, upscale %s', (name, upscale, times) => {
  it('enlarges a streaming picture to what the network makes of the whole', async () => {
    const { content, deltas } = await drawn([denoisePlugin({ upsampler: bundles[name] })], { upscale });
    expect([content.width, content.height]).toEqual([times * plain.width, times * plain.height]);
    expect(difference(content, await enlarged(bundles[name], plain, upscale))).toBeLessThanOrEqual(1);
    const sigmas = deltas.map(({ sigma }) => sigma);
    expect(sigmas[0]).toBeGreaterThan(0); // a draft, long before all is there
    expect(sigmas.at(-1)).toBe(0);
  });
});

it('the command does the same', async () => {
  const out = join(root, 'apple.png');
  const told = { text: '' };
  const sink = () =>
    new Writable({
      write(chunk, _, done) {
        told.text += chunk;
        done();
      },
    });
  const call = (args: readonly string[]) =>
    run(['generate', 'a red apple', '--to', 'image', '--seed', '1', '--quiet', ...args], {
      stdout: sink(),
      stderr: sink(),
      stdin: Readable.from([]),
      env: {},
      plugins: [...others, denoisePlugin()],
      signal: new AbortController().signal,
      now: () => 0,
    });
  const code = await call(['--upscale', '4', '--upsampler', bundles.double, '--out', out]);
  expect([code, told.text]).toEqual([0, '']);
  expect(difference(await readImage(out), await enlarged(bundles.double, plain, 4))).toBeLessThanOrEqual(1);

  expect(await call(['--upscale', '2', '--upsampler', bundles.quadruple, '--out', out])).toBe(1);
  expect(told.text).toMatch(/^OPTION_INVALID {2}upscale is 2, but this upsampler enlarges 4 times/);
  told.text = '';
  expect(await call(['--upsampler', join(root, 'nowhere'), '--out', out])).toBe(1);
  expect(told.text).toMatch(/^BUNDLE_NOT_FOUND/);
  told.text = '';
  expect(await call(['--upsampler', model, '--out', out])).toBe(1);
  expect(told.text).toMatch(/^BUNDLE_INVALID.*is a model, not an adapter on its own/);
  told.text = '';
  expect(await call(['--upscale', '3', '--out', out])).toBe(2);
  expect(told.text).toContain('1, 2, 4');
});

it('a bundle that names one needs nothing said', async () => {
  const directory = join(root, 'model');
  await cp(model, directory, { recursive: true });
  const { files: _, ...own } = JSON.parse(
    await readFile(join(directory, 'manifest.json'), 'utf8'),
  ) as Manifest; // it is one
  const manifest = JSON.parse(await readFile(join(bundles.double, 'manifest.json'), 'utf8'));
  for (const file of Object.keys(manifest.files)) await cp(join(bundles.double, file), join(directory, file));
  const image = { ...own.ports['image'], adapters: [manifest.adapter] };
  const { format: __, spaceHash: ___, ...parts } = { ...own, ports: { ...own.ports, image } };
  await writeManifest(directory, parts);
  const { content } = await drawn([denoisePlugin()], {}, directory);
  const { content: unrefined } = await drawn([denoisePlugin()], { refine: false });
  expect(difference(content, await enlarged(bundles.double, unrefined))).toBeLessThanOrEqual(1);
});
