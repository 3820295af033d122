import { expectCode } from '@any-to-any/core/testing';
import { expect, test } from 'vitest';
import { rawEncoder, rawTokenizer } from './fixtures.test.kit.ts';
import { readEncoderOptions, readTokenizerOptions } from './options.ts';

test('reads what a manifest gives', () => {
  const { kind: _, ...rest } = rawTokenizer;
  expect(readTokenizerOptions(rawTokenizer)).toEqual(rest);
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
