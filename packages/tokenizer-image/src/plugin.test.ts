import type { Encoder, Factory, Registry, Tokenizer } from '@any-to-any/core';
import { expectCode } from '@any-to-any/core/testing';
import { expect, test } from 'vitest';
import { filled, fixturePort, rawEncoder, rawTokenizer } from './fixtures.test.kit.ts';
import * as exported from './index.ts';
import { imagePlugin } from './plugin.ts';

function registered(plugin = imagePlugin()) {
  const found: { tokenizer?: Factory<Tokenizer>; encoder?: Factory<Encoder> } = {};
  const refuse = (): never => expect.fail('registers more than it says');
  const registry: Registry = {
    tokenizer: (modality, factory) => {
      expect(modality).toBe('image');
      found.tokenizer = factory;
    },
    encoder: (modality, factory) => {
      expect(modality).toBe('image');
      found.encoder = factory;
    },
    adapter: refuse,
    processor: refuse,
    engine: refuse,
  };
  plugin.register(registry);
  return { tokenizer: found.tokenizer!, encoder: found.encoder! };
}

test('exports exactly this', () => {
  expect(Object.keys(exported).sort()).toEqual([
    'decodeRegion',
    'encodeImageFile',
    'imagePlugin',
    'joinImage',
    'readImage',
    'rgbaOf',
    'writeImage',
  ]);
});

test('registers a tokenizer and an encoder that work from the files of a bundle', async () => {
  expect(imagePlugin()).toMatchObject({ name: '@any-to-any/tokenizer-image', contract: 1 });
  const { tokenizer, encoder } = registered();
  const image = filled(64, 64, [200, 30, 60, 255]);
  expect((await (await tokenizer(fixturePort(rawTokenizer))).encode(image)).ids.length).toBe(64);
  expect((await (await encoder(fixturePort(rawEncoder))).encode(image)).count).toBe(16);
});

test('refuses wrong options and graphs that do something else', async () => {
  const { tokenizer, encoder } = registered();
  const swapped = { ...rawTokenizer, encode: 'image-decode.onnx' };
  await expectCode(async () => tokenizer(fixturePort(swapped)), 'BUNDLE_INVALID');
  await expectCode(async () => tokenizer(fixturePort({ ...rawTokenizer, kind: 'dvae' })), 'OPTION_INVALID');
  await expectCode(async () => encoder(fixturePort({ ...rawEncoder, colour: 1 })), 'OPTION_UNKNOWN');
  // @ts-expect-error: a value that is not allowed
  await expectCode(() => imagePlugin({ previews: 'none' }), 'OPTION_INVALID');
  // @ts-expect-error: an unknown option
  await expectCode(() => imagePlugin({ preview: 'draft' }), 'OPTION_UNKNOWN');
});
