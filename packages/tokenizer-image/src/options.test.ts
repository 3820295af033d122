import { expectCode } from '@any-to-any/core/testing';
import { expect, test } from 'vitest';
import { rawEncoder, rawTokenizer } from './fixtures.test.kit.ts';
import { readEncoderOptions, readTokenizerOptions } from './options.ts';
import { defaultFitting } from './picture/fit.ts';

test('reads what a manifest gives', () => {
  expect(readTokenizerOptions(rawTokenizer)).toEqual({ ...rawTokenizer, pixels: defaultFitting });
  expect(readEncoderOptions(rawEncoder)).toMatchObject({ side: 64, grid: [4, 4], width: 32 });
});

test('refuses what is missing, wrong or unknown', async () => {
  const wrong = {
    kind: 'dvae',
    factor: 0,
    size: 2.5,
    clip: -1,
    block: '2',
    halo: undefined,
    grids: [[8, 7]],
    encode: '',
    decode: 7,
  };
  for (const [name, value] of Object.entries(wrong)) {
    await expectCode(() => readTokenizerOptions({ ...rawTokenizer, [name]: value }), 'OPTION_INVALID');
  }
  await expectCode(() => readTokenizerOptions({ ...rawTokenizer, grids: [] }), 'OPTION_INVALID');
  await expectCode(() => readTokenizerOptions({ ...rawTokenizer, scale: 2 }), 'OPTION_UNKNOWN');
  for (const [name, value] of Object.entries({ kind: 'vq', side: 0, grid: [4], width: null, graph: 1 })) {
    await expectCode(() => readEncoderOptions({ ...rawEncoder, [name]: value }), 'OPTION_INVALID');
  }
  await expectCode(() => readEncoderOptions({ ...rawEncoder, halo: 4 }), 'OPTION_UNKNOWN');
});

test('a global decoder: how often there are previews, and whether there is a decoder at all', async () => {
  const { block: _, halo: __, ...common } = rawTokenizer;
  const raw = { ...common, kind: 'vq-global', every: 8 };
  expect(readTokenizerOptions(raw)).toEqual({ ...raw, block: 1, pixels: defaultFitting });
  const { decode: ___, ...reading } = raw;
  expect(readTokenizerOptions(reading)).toMatchObject({ kind: 'vq-global', decode: undefined });
  await expectCode(() => readTokenizerOptions({ ...raw, every: 0 }), 'OPTION_INVALID');
  await expectCode(() => readTokenizerOptions({ ...raw, halo: 4 }), 'OPTION_UNKNOWN');
  await expectCode(() => readTokenizerOptions({ ...raw, decode: 3 }), 'OPTION_INVALID');
});

test('how pictures are made ready', async () => {
  const pixels = { fit: 'cover', kernel: 'cubic', scale: 0.0078 };
  const expected = { ...defaultFitting, ...pixels };
  expect(readTokenizerOptions({ ...rawTokenizer, pixels }).pixels).toEqual(expected);
  expect(readEncoderOptions({ ...rawEncoder, pixels }).pixels).toEqual(expected);
  const wrong = {
    fit: 'fill',
    kernel: 'nearest',
    background: [0, 0, 256],
    scale: 0,
    mean: [1, 1],
    deviation: [1, 0, 1],
  };
  for (const [name, value] of Object.entries(wrong)) {
    await expectCode(
      () => readTokenizerOptions({ ...rawTokenizer, pixels: { [name]: value } }),
      'OPTION_INVALID',
    );
  }
  await expectCode(() => readTokenizerOptions({ ...rawTokenizer, pixels: { std: 1 } }), 'OPTION_UNKNOWN');
  await expectCode(() => readTokenizerOptions({ ...rawTokenizer, pixels: [] }), 'OPTION_INVALID');
});
