import { type Content, type Graph, type ImageContent, indexOf } from '@any-to-any/core';
import { drain, expectCode, iterate, tokenizerSuite } from '@any-to-any/core/testing';
import { describe, expect, test } from 'vitest';
import {
  filled,
  fixture,
  fixtureGraph,
  golden,
  pixelAt,
  rawTokenizer,
  tokenizerOptions,
} from './fixtures.test.kit.ts';
import { readTokenizerOptions } from './options.ts';
import { readImage } from './picture/read.ts';
import { imageTokenizer } from './tokenizer.ts';

async function create() {
  const [encode, decode] = await Promise.all([
    fixtureGraph('image-encode.onnx'),
    fixtureGraph('image-decode.onnx'),
  ]);
  return imageTokenizer(tokenizerOptions, { encode, decode }, 'draft');
}

const scene = await readImage(fixture('scene.png'));
const broken = [
  { ...filled(4, 4, [0, 0, 0, 255]), data: new Uint8Array(63) },
  { ...filled(4, 4, [0, 0, 0, 255]), width: 0 },
  { ...filled(4, 4, [0, 0, 0, 255]), height: Number.NaN },
];

function isOpaque({ data, width, height }: ImageContent): boolean {
  return data.length === width * height * 4 && data.every((value, index) => index % 4 !== 3 || value === 255);
}

const { block: _, halo: __, ...common } = rawTokenizer;
const rawGlobal = { ...common, kind: 'vq-global', every: 8, pixels: { fit: 'cover' } };

async function createGlobal() {
  const graphs = {
    encode: await fixtureGraph('image-encode.onnx'),
    decode: await fixtureGraph('image-decode.onnx'),
  };
  return imageTokenizer(readTokenizerOptions(rawGlobal), graphs, 'draft');
}

describe.each([
  ['local', create],
  ['global', createGlobal],
])('the published suite: a %s decoder', (_, open) => {
  const cases = tokenizerSuite({
    create: open,
    samples: [scene, filled(30, 90, [10, 200, 30, 128]), filled(90, 30, [250, 20, 30, 255])],
    invalid: broken,
    // The weights are random, so only form survives. What ids and pixels must be is checked below.
    same: (original: Content, decoded: Content) => {
      const [before, after] = [original as ImageContent, decoded as ImageContent]; // both of this modality
      const flat = before.width / before.height > Math.SQRT2;
      return after.width === 64 && after.height === (flat ? 32 : 64) && isOpaque(after);
    },
  });
  for (const { name, run } of cases) test(name, run);
});

test('encodes to the ids PyTorch found, in block order', async () => {
  const tokenizer = await create();
  const { ids, shape } = await tokenizer.encode(scene);
  expect(shape).toEqual({ kind: 'grid', rows: 8, columns: 8 });
  const raster = golden().encoded;
  for (let row = 0; row < 8; row++) {
    for (let column = 0; column < 8; column++) {
      expect(ids[indexOf({ row, column }, 8, 2)]).toBe(raster[row * 8 + column]);
    }
  }
});

test('decodes to the pixels PyTorch made', async () => {
  const tokenizer = await create();
  const { ids: raster, decoded } = golden();
  const ids = new Uint32Array(64);
  raster.forEach((id, index) => {
    ids[indexOf({ row: Math.floor(index / 8), column: index % 8 }, 8, 2)] = id;
  });
  const shape = tokenizer.shape();
  const image = tokenizer.join(await drain(tokenizer.decode(iterate(ids), { shape })));
  for (let y = 0; y < 64; y++) {
    for (let x = 0; x < 64; x++) {
      const expected = [0, 1, 2].map((channel) => (decoded[channel * 4096 + y * 64 + x]! + 1) * 127.5);
      pixelAt(image, x, y).forEach((value, channel) => {
        const level = channel === 3 ? 255 : Math.max(0, Math.min(255, expected[channel]!));
        expect(Math.abs(value - level)).toBeLessThan(0.501);
      });
    }
  }
});

test('lays transparent pictures over white and takes the grid of the closest aspect ratio', async () => {
  const tokenizer = await create();
  const ghost = await tokenizer.encode(filled(64, 64, [9, 9, 9, 0]));
  expect(ghost.ids).toEqual((await tokenizer.encode(filled(64, 64, [255, 255, 255, 255]))).ids);
  const wide = await tokenizer.encode(filled(200, 90, [1, 2, 3, 255]));
  expect([wide.shape, wide.ids.length]).toEqual([{ kind: 'grid', rows: 4, columns: 8 }, 32]);
});

test('refuses what is no content at all', async () => {
  const tokenizer = await create();
  // @ts-expect-error: callers without types
  await expectCode(() => tokenizer.encode(undefined), 'CONTENT_INVALID');
});

test('has the grids of its options only', async () => {
  const tokenizer = await create();
  expect(tokenizer.shape()).toEqual({ kind: 'grid', rows: 8, columns: 8 });
  expect(tokenizer.shape({ kind: 'grid', rows: 4, columns: 8 })).toEqual({
    kind: 'grid',
    rows: 4,
    columns: 8,
  });
  await expectCode(() => tokenizer.shape({ kind: 'grid', rows: 8, columns: 4 }), 'OPTION_INVALID');
  expect([tokenizer.size, tokenizer.layout.kind, tokenizer.layout.buckets]).toEqual([64, 'grid', 225]);
});

test('refuses what a graph of another model gives', async () => {
  const { encode, decode } = { encode: await fixtureGraph('image-encode.onnx'), decode: {} as Graph };
  const smaller = imageTokenizer({ ...tokenizerOptions, size: 8 }, { encode, decode }, 'draft');
  await expectCode(() => smaller.encode(scene), 'ID_OUT_OF_RANGE');
  const finer = imageTokenizer({ ...tokenizerOptions, factor: 16 }, { encode, decode }, 'draft');
  await expectCode(() => finer.encode(scene), 'SHAPE_MISMATCH');
});

test('ids of a global tokenizer come row by row, of the middle of the picture', async () => {
  const tokenizer = await createGlobal();
  const { ids } = await tokenizer.encode(scene);
  expect([...ids]).toEqual(golden().encoded);
  const wide = filled(100, 64, [200, 30, 60, 255]);
  for (let y = 0; y < 64; y++) {
    wide.data.fill(0, y * 400, y * 400 + 72); // 18 black pixels on either side, which are cut off
    wide.data.fill(0, y * 400 + 328, y * 400 + 400);
  }
  const square = readTokenizerOptions({ ...rawGlobal, grids: [[8, 8]] });
  const encode = await fixtureGraph('image-encode.onnx');
  const cut = imageTokenizer(square, { encode, decode: undefined }, 'draft');
  const middle = await tokenizer.encode(filled(64, 64, [200, 30, 60, 255]));
  expect((await cut.encode(wide)).ids).toEqual(middle.ids);
});

test('without a decoder pictures can be read, and drawing them is an error that says why', async () => {
  const { decode: _, ...reading } = rawGlobal;
  const encode = await fixtureGraph('image-encode.onnx');
  const tokenizer = imageTokenizer(readTokenizerOptions(reading), { encode, decode: undefined }, 'draft');
  const { ids, shape } = await tokenizer.encode(scene);
  expect([...ids]).toEqual(golden().encoded);
  await expectCode(() => drain(tokenizer.decode(iterate(ids), { shape })), 'MODALITY_UNKNOWN');
});
