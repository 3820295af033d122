import { AnyToAnyError, type Content } from '@any-to-any/core';
import { describe, expect, it } from 'vitest';
import { readAsk } from './request.ts';

const readers = {
  image: async (bytes: Uint8Array): Promise<Content> => {
    if (bytes.length === 0) throw new AnyToAnyError('CONTENT_INVALID', 'empty');
    return { modality: 'image', width: bytes.length } as Content;
  },
};

async function codeOf(ask: unknown): Promise<string> {
  try {
    await readAsk(ask, readers);
  } catch (error) {
    return AnyToAnyError.is(error) ? error.code : String(error);
  }
  return 'no error';
}

describe('what a client asks', () => {
  it('becomes a request; files become content, in their place', async () => {
    const sound = { modality: 'audio', rate: 8000, samples: Float32Array.of(0) };
    const content = ['hi', { modality: 'image', file: Uint8Array.of(1, 2) }, sound, { mark: '<s>' }];
    const ask = { content, to: ['image'], seed: 3, options: { image: { guidance: 2 } }, maxSegments: 2 };
    expect(await readAsk(ask, readers)).toEqual({
      ...ask,
      content: ['hi', { modality: 'image', width: 2 }, sound, { mark: '<s>' }],
    });
    expect(await readAsk({}, {})).toEqual({ content: [] });
  });

  it.each<[string, unknown]>([
    ['OPTION_INVALID', 7],
    ['OPTION_INVALID', null],
    ['OPTION_UNKNOWN', { signal: {} }],
    ['OPTION_UNKNOWN', { tempreature: 1 }],
    ['OPTION_INVALID', { options: 1 }],
    ['CONTENT_INVALID', { content: 'text' }],
    ['CONTENT_INVALID', { content: Array(33).fill('a') }],
    ['CONTENT_TOO_LARGE', { content: ['a'.repeat(65_537)] }],
    ['CONTENT_TOO_LARGE', { content: [{ modality: 'text', text: 'a'.repeat(65_537) }] }],
    ['CONTENT_INVALID', { content: [{ modality: 'image', file: 'x' }] }],
    ['CONTENT_INVALID', { content: [{ modality: 'image', file: new Uint8Array() }] }],
    ['MODALITY_UNKNOWN', { content: [{ modality: 'audio', file: new Uint8Array(1) }] }],
    ['MODALITY_UNKNOWN', { content: [{ modality: 'constructor', file: new Uint8Array(1) }] }],
  ])('%s: %j', async (code, ask) => {
    expect(await codeOf(ask)).toBe(code);
  });
});
