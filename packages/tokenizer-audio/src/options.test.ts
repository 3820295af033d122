import { expectCode } from '@any-to-any/core/testing';
import { describe, expect, test } from 'vitest';
import { rawOptions } from './codec.test.kit.ts';
import { readEncoderOptions, readTokenizerOptions } from './options.ts';

const rawEncoder = {
  kind: 'sound',
  rate: 16_000,
  stride: 1280,
  width: 24,
  buckets: 32,
  maxDistance: 128,
  graph: 'understand',
  longest: 10,
};

test('reads what a manifest gives', () => {
  expect(readTokenizerOptions(rawOptions)).toEqual(rawOptions);
  expect(readEncoderOptions(rawEncoder)).toEqual(rawEncoder);
});

describe('refuses', () => {
  const { encode, decode } = rawOptions;
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['another kind', { kind: 'vq' }, /Option "kind"/],
    ['half a sample', { stride: 0.5 }, /Option "stride"/],
    ['too many codebooks', { codebooks: 33 }, /Option "codebooks"/],
    ['an order it does not know', { arrangement: 'parallel' }, /Option "arrangement"/],
    ['one bucket', { buckets: 1 }, /Option "buckets"/],
    ['a stream without states', { encode: { streaming: true, graph: 'encode' } }, /Option "encode.states"/],
    [
      'a whole run with states',
      { encode: { ...encode, streaming: false } },
      /Option "encode.states".*Unrecognized/,
    ],
    [
      'two states of one name',
      { encode: { ...encode, states: [...encode.states, ...encode.states] } },
      /same name/,
    ],
    [
      'a delay that never comes back',
      { decode: { ...decode, tail: undefined } },
      /6 samples are dropped.* gives back 0/,
    ],
    ['a tail of another length', { decode: { ...decode, delay: 5 } }, /5 samples are dropped.* gives back 6/],
    [
      'a tail that is no state',
      { decode: { ...decode, tail: 'end' } },
      /Option "decode.tail".*no float32 state/,
    ],
  ])('%s', async (_, change, message) => {
    const read = () => readTokenizerOptions({ ...rawOptions, ...change });
    expect(read).toThrow(message);
    await expectCode(read, 'OPTION_INVALID', 'OPTION_UNKNOWN');
  });

  test('options it does not know', async () => {
    await expectCode(() => readTokenizerOptions({ ...rawOptions, loud: true }), 'OPTION_UNKNOWN');
    await expectCode(() => readEncoderOptions({ ...rawEncoder, loud: true }), 'OPTION_UNKNOWN');
    await expectCode(() => readEncoderOptions({ ...rawEncoder, longest: 0 }), 'OPTION_INVALID');
  });
});
