import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { denoisePlugin } from '@any-to-any/adapter-denoise';
import { addModality, type TensorToWrite, writeSafetensors } from '@any-to-any/compiler';
import {
  type Content,
  createPipeline,
  locateBundle,
  type Manifest,
  type Pipeline,
  type Plugin,
  type Request,
} from '@any-to-any/core';
import { expectCode } from '@any-to-any/core/testing';
import { audioPlugin } from '@any-to-any/tokenizer-audio';
import { imagePlugin } from '@any-to-any/tokenizer-image';
import { textPlugin } from '@any-to-any/tokenizer-text';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { name as plugin, strokes } from './strokes.ts';
import { strokesPlugin } from './strokes-plugin.ts';

const shipped = locateBundle('@any-to-any/model-emoji', import.meta.url);
let directory: string;
let [before, after]: Pipeline[] = [];

/** A growth whose weights nobody trained: what is old must not notice even that. */
async function writeNoise(growth: string): Promise<void> {
  const { decoder, files, ports }: Manifest = JSON.parse(
    await readFile(join(shipped, 'manifest.json'), 'utf8'),
  ); // ours
  const { width, layers, heads } = decoder;
  const [size, rank] = [1025, 4];
  const tensors: TensorToWrite[] = [];
  const add = (name: string, ...shape: number[]): void => {
    const length = shape.reduce((product, side) => product * side, 1);
    const data = Float32Array.from({ length }, (_, i) => Math.sin(i * i + tensors.length));
    tensors.push({ name, dtype: 'F32', shape, data });
  };
  add('embedding', size, width);
  add('head.weight', size + 1, width);
  add('marks.embedding', 2, width);
  tensors.push({
    name: 'marks.head.weight',
    dtype: 'F32',
    shape: [2, width],
    data: new Float32Array(2 * width),
  });
  add('buckets.weight', 32, heads);
  for (let layer = 0; layer < layers; layer++) {
    add(`layers.${layer}.type.embedding`, width);
    add(`layers.${layer}.type.gate`, 1);
    for (const to of ['q', 'k']) {
      add(`layers.${layer}.lora.${to}.a`, width, rank);
      add(`layers.${layer}.lora.${to}.b`, rank, width);
    }
  }
  await writeSafetensors(join(growth, 'modality.safetensors'), tensors);
  const config = {
    kind: 'modality',
    format: 1,
    name: 'strokes',
    open: '<str>',
    close: '</str>',
    size,
    layout: { kind: 'line', buckets: 32, maxDistance: 128 },
    loraRank: rank,
    tokenizer: { kind: 'plugin', plugin, options: {}, files: [] },
    bundle: { sampling: { strokes: { maxIds: 12 } } },
    grownOn: { [ports['text']!.table!.file]: files[ports['text']!.table!.file]!.sha256 },
  };
  await writeFile(join(growth, 'config.json'), JSON.stringify(config));
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'grown-'));
  await writeNoise(directory);
  const grown = join(directory, 'bundle');
  await addModality(directory, shipped, { out: grown });
  const plugins: Plugin[] = [textPlugin(), imagePlugin(), audioPlugin(), denoisePlugin()];
  before = await createPipeline({ model: shipped, plugins, threads: 1 });
  after = await createPipeline({ model: grown, plugins: [...plugins, strokesPlugin()], threads: 1 });
}, 60_000);
afterAll(async () => {
  await before?.close();
  await after?.close();
  await rm(directory, { recursive: true });
});

/** The ids of every segment of the answer. */
async function idsOf(pipeline: Pipeline, request: Request): Promise<number[][]> {
  const { segments } = await pipeline.generate(request);
  return segments.map(({ ids }) => [...ids]);
}

describe('the embedded model, grown', () => {
  const picture = { modality: 'image', width: 64, height: 64, data: new Uint8Array(64 * 64 * 4).fill(200) };
  const sound = {
    modality: 'audio',
    rate: 16_000,
    samples: Float32Array.from({ length: 8000 }, (_, i) => Math.sin(i / 9) / 3),
  };
  const requests: [string, Request][] = [
    ['words → picture', { content: ['a red apple on a blue background'], to: 'image', seed: 7 }],
    [
      'words → speech',
      { content: ['a red apple'], to: 'audio', seed: 7, options: { audio: { maxIds: 60 } } },
    ],
    ['picture → words', { content: [picture as Content], to: 'text', seed: 7 }],
    ['sound → words', { content: [sound as Content], to: 'text', seed: 7 }],
    ['words → what it likes', { content: ['두 마리 고양이'], seed: 7 }],
  ];

  test.each(requests)('%s: the same ids as before', async (_, request) => {
    const expected = await idsOf(before!, request);
    expect(expected.flat().length).toBeGreaterThan(0);
    expect(await idsOf(after!, request)).toEqual(expected);
  });

  test('draws lines, and reads them as ids', async () => {
    const ids = await idsOf(after!, { content: ['a red apple'], to: 'strokes', seed: 7 });
    expect(ids[0]!.length).toBeGreaterThan(0);
    const content = strokes([
      [
        [0.1, 0.1],
        [0.9, 0.9],
      ],
    ]);
    const answer = await after!.generate({ content: [content], to: 'text', seed: 7 });
    expect(answer.segments[0]?.content.modality).toBe('text');
    await expectCode(() => before!.generate({ content: [content], to: 'text' }), 'MODALITY_UNKNOWN');
  });
});
