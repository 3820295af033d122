import type { Encoder, Factory, Processor, Registry, Tokenizer } from '@any-to-any/core';
import { expectCode } from '@any-to-any/core/testing';
import { expect, test } from 'vitest';
import { fakePort, rawOptions, soundOf } from './codec.test.kit.ts';
import { audioPlugin } from './plugin.ts';

function registered() {
  const found: { tokenizer?: Factory<Tokenizer>; encoder?: Factory<Encoder>; processor?: Processor } = {};
  const refuse = (): never => expect.fail('registers more than it says');
  const registry: Registry = {
    tokenizer: (modality, factory) => {
      expect(modality).toBe('audio');
      found.tokenizer = factory;
    },
    encoder: (modality, factory) => {
      expect(modality).toBe('audio');
      found.encoder = factory;
    },
    processor: (processor) => {
      found.processor = processor;
    },
    adapter: refuse,
    engine: refuse,
  };
  audioPlugin().register(registry);
  return { tokenizer: found.tokenizer!, encoder: found.encoder!, processor: found.processor! };
}

test('registers a tokenizer whose codebooks the processor knows', async () => {
  expect(audioPlugin()).toMatchObject({ name: '@any-to-any/tokenizer-audio', contract: 1 });
  const { tokenizer, processor } = registered();
  const logits = () => new Float32Array(41);
  const process = (ids: number[]) => {
    const scores = logits();
    processor.process(scores, { modality: 'audio', ids });
    return scores.filter((score) => score === 0).length;
  };
  expect(process([1])).toBe(41);
  const opened = await tokenizer(fakePort());
  expect((await opened.encode(soundOf([1, 2]))).ids.length).toBe(4);
  expect(process([1])).toBe(20);
  expect(process([1, 21])).toBe(21);
});

test('refuses wrong options and graphs that do something else', async () => {
  const { tokenizer, encoder } = registered();
  const swapped = { ...rawOptions, encode: { ...rawOptions.encode, graph: 'decode' } };
  await expectCode(async () => tokenizer(fakePort(swapped)), 'BUNDLE_INVALID');
  const stateless = { ...rawOptions, encode: { ...rawOptions.encode, states: [] } };
  await expectCode(async () => tokenizer(fakePort(stateless)), 'BUNDLE_INVALID');
  await expectCode(async () => tokenizer(fakePort({ ...rawOptions, kind: 'vq' })), 'OPTION_INVALID');
  await expectCode(async () => encoder(fakePort({ kind: 'sound' })), 'OPTION_INVALID');
});
