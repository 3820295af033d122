import type { Graph, ImageContent, Port, Tensor } from '@any-to-any/core';
import { encoderSuite, expectCode } from '@any-to-any/core/testing';
import { describe, expect, test } from 'vitest';
import { filled } from '../fixtures.test.kit.ts';
import { imagePlugin } from '../plugin.ts';
import { lineEncoder, openLineEncoder } from './encoder.ts';
import { readLineOptions } from './options.ts';

const common = { side: 4, kernel: 'bilinear', mean: [0, 0, 0], deviation: [1, 1, 1] };
const stretched = {
  kind: 'line',
  width: 3,
  count: 2,
  buckets: 32,
  maxDistance: 128,
  pixels: { fit: 'stretch', ...common },
  graph: 'image-understand.onnx',
};
const tiled = { ...stretched, pixels: { fit: 'tiles', most: 2, ...common } };

/** Every embedding is the mean red, green and blue of its tile, or of the picture. */
function graphOf(inputs: readonly string[], feeds: Record<string, Tensor>[] = []): Graph {
  return {
    inputs,
    outputs: ['embeddings'],
    async run(given) {
      feeds.push(given);
      const { data, dims } = given['pixels']!;
      const tiles = given['aspect'] === undefined ? 1 : Number(given['aspect'].data[0]);
      const plane = dims[2]! * dims[3]!;
      const mean = (tile: number, channel: number): number => {
        const from = (tile * 3 + channel) * plane;
        return (data as Float32Array).subarray(from, from + plane).reduce((a, b) => a + b, 0) / plane; // as fed
      };
      const embeddings = Array.from({ length: tiles }, (_, tile) =>
        [0, 1].flatMap(() => [0, 1, 2].map((channel) => mean(tile, channel))),
      );
      return { embeddings: { data: Float32Array.from(embeddings.flat()), dims: [1, tiles * 2, 3] } };
    },
    close() {},
  };
}

const portOf = (options: Port['options'], graph: Graph): Port => ({
  options,
  files: { read: async () => new Uint8Array(), graph: async () => graph },
});

describe.each([
  ['stretched', stretched, ['pixels']],
  ['tiled', tiled, ['pixels', 'aspect']],
] as const)('the published suite, %s', (_, raw, inputs) => {
  const create = () => openLineEncoder(portOf(raw, graphOf(inputs)), 'images');
  const broken = filled(4, 4, [0, 0, 0, 255]);
  const invalid: ImageContent[] = [
    { ...broken, data: broken.data.subarray(1) },
    { ...broken, width: -4 },
  ];
  const samples = [filled(8, 4, [255, 0, 51, 255]), filled(300, 20, [200, 100, 0, 77])];
  for (const { name, run } of encoderSuite({ create, samples, invalid })) test(name, run);
});

test('a picture of two tiles: its pixels, its number, and as many embeddings', async () => {
  const feeds: Record<string, Tensor>[] = [];
  const encoder = lineEncoder(readLineOptions(tiled), graphOf(['pixels', 'aspect'], feeds));
  const { embeddings, count, shape } = await encoder.encode(filled(8, 4, [255, 0, 51, 255]));
  expect([count, shape]).toEqual([4, { kind: 'line' }]);
  expect(feeds[0]!['pixels']!.dims).toEqual([2, 3, 4, 4]);
  expect([...(feeds[0]!['aspect']!.data as BigInt64Array)]).toEqual([2n]); // 1×1 is 1, 1×2 is 2
  for (let at = 0; at < 12; at++) expect(embeddings[at]).toBeCloseTo([1, 0, 0.2][at % 3]!, 6);
  expect([encoder.width, encoder.layout.kind, encoder.layout.buckets]).toEqual([3, 'line', 32]);
});

test('the plugin opens it by its kind', async () => {
  const factories = new Map<string, (port: Port) => unknown>();
  imagePlugin().register({
    encoder: (_: string, factory: (port: Port) => unknown) => factories.set('encoder', factory),
    tokenizer: () => {},
  } as never); // the rest of a registry is not used
  const encoder = await factories.get('encoder')!(portOf(stretched, graphOf(['pixels'])));
  expect(encoder).toMatchObject({ modality: 'image', width: 3 });
});

test('refuses graphs that do not fit', async () => {
  await expectCode(() => openLineEncoder(portOf(tiled, graphOf(['pixels'])), 'images'), 'BUNDLE_INVALID');
  const more = lineEncoder(readLineOptions({ ...stretched, count: 3 }), graphOf(['pixels']));
  await expectCode(() => more.encode(filled(4, 4, [1, 2, 3, 255])), 'SHAPE_MISMATCH');
});

test('refuses options that are missing, wrong or unknown', async () => {
  const wrong = { kind: 'vq', width: 0, count: 1.5, buckets: 1, maxDistance: '2', pixels: null, graph: '' };
  for (const [name, value] of Object.entries(wrong)) {
    await expectCode(() => readLineOptions({ ...stretched, [name]: value }), 'OPTION_INVALID');
  }
  const pixels = {
    fit: 'cover',
    kernel: 'lanczos',
    side: 0,
    mean: [0, 0],
    deviation: [1, 0, 1],
  };
  for (const [name, value] of Object.entries(pixels)) {
    const raw = { ...stretched, pixels: { ...stretched.pixels, [name]: value } };
    await expectCode(() => readLineOptions(raw), 'OPTION_INVALID');
  }
  await expectCode(() => readLineOptions({ ...stretched, grid: [2, 2] }), 'OPTION_UNKNOWN');
  await expectCode(
    () => readLineOptions({ ...stretched, pixels: { ...stretched.pixels, most: 4 } }),
    'OPTION_UNKNOWN',
  );
});
