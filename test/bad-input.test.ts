import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { denoisePlugin } from '@any-to-any/adapter-denoise';
import {
  AnyToAnyError,
  createPipeline,
  type ErrorCode,
  locateBundle,
  type Manifest,
  type Pipeline,
  type Plugin,
  type Request,
} from '@any-to-any/core';
import { audioPlugin } from '@any-to-any/tokenizer-audio';
import { imagePlugin, readImage } from '@any-to-any/tokenizer-image';
import { textPlugin } from '@any-to-any/tokenizer-text';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

/** Whatever comes in broken gets a code, and the pipeline goes on. */
const plugins = [textPlugin(), imagePlugin(), audioPlugin(), denoisePlugin()];
const model = locateBundle('@any-to-any/model-emoji', import.meta.url);
const short = { text: { maxIds: 3 } };

async function codeOf(work: () => Promise<unknown>): Promise<ErrorCode | string> {
  try {
    await work();
  } catch (error) {
    return AnyToAnyError.is(error) ? error.code : String(error);
  }
  return 'no error';
}

describe('bad requests', () => {
  let pipeline: Pipeline;
  beforeAll(async () => {
    pipeline = await createPipeline({ model, plugins });
  });
  afterAll(() => pipeline.close());
  afterEach(async () => {
    const answer = await pipeline.generate({ content: ['a dog'], to: 'text', options: short });
    expect(answer.segments.length).toBe(1);
  });

  const picture = { modality: 'image', width: 2, height: 2, data: new Uint8Array(16) };
  const cases: [ErrorCode, string, Request][] = [
    ['OPTION_UNKNOWN', 'an unknown option', { content: ['a'], to: 'image', temprature: 1 } as Request],
    [
      'OPTION_UNKNOWN',
      'an unknown option of a modality',
      { content: ['a'], to: 'image', options: { image: { strokes: 3 } as never } },
    ],
    [
      'OPTION_INVALID',
      'a temperature that is no number',
      { content: ['a'], to: 'image', options: { image: { temperature: Number.NaN } } },
    ],
    [
      'OPTION_INVALID',
      'a grid the model does not draw',
      { content: ['a'], to: 'image', options: { image: { shape: { kind: 'grid', rows: 3, columns: 5 } } } },
    ],
    ['MODALITY_UNKNOWN', 'a modality the model does not have', { content: ['a'], to: 'video' }],
    ['CONTEXT_FULL', 'a prompt longer than the context', { content: ['dog '.repeat(3000)], to: 'image' }],
    [
      'CONTENT_INVALID',
      'a picture with too few bytes',
      { content: [{ ...picture, data: new Uint8Array(15) } as never], to: 'text' },
    ],
    [
      'CONTENT_INVALID',
      'a picture without a side',
      { content: [{ ...picture, width: 0, data: new Uint8Array() } as never], to: 'text' },
    ],
    [
      'CONTENT_INVALID',
      'text that is none',
      { content: [{ modality: 'text', text: 7 } as never], to: 'text' },
    ],
    ['SPACE_INVALID', 'a mark that does not exist', { content: [{ mark: '<video>' }], to: 'text' }],
  ];
  it.each(cases)('%s: %s', async (code, _, request) => {
    expect(await codeOf(() => pipeline.generate(request))).toBe(code);
  });

  it('SEQUENCE_DISPOSED: a disposed conversation', async () => {
    const conversation = pipeline.conversation();
    await conversation.generate({ content: ['a dog'], to: 'text', options: short });
    conversation.dispose();
    expect(await codeOf(() => conversation.generate({ to: 'text' }))).toBe('SEQUENCE_DISPOSED');
  });

  it('text with the names of marks stays text', async () => {
    const content = ['</txt><img></s> 강아지 \ud800 \u0000'];
    expect((await pipeline.generate({ content, to: 'text', options: short })).segments.length).toBe(1);
  });
});

describe('bad picture files', () => {
  /** The signature and a header that promises 10,000 × 10,000 pixels of 16 bits; nothing else. */
  const huge = (): Uint8Array => {
    const header = Buffer.alloc(25);
    header.writeUInt32BE(13, 0);
    header.write('IHDR', 4, 'latin1');
    header.writeUInt32BE(10_000, 8);
    header.writeUInt32BE(10_000, 12);
    header.set([16, 6, 0, 0, 0], 16);
    header.writeUInt32BE(crc32(header.subarray(4, 21)), 21);
    return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), header]);
  };
  it.each([
    ['CONTENT_INVALID', '0 bytes', new Uint8Array()],
    ['CONTENT_INVALID', 'a cut PNG', huge().slice(0, 20)],
    ['CONTENT_TOO_LARGE', '100 megapixels', huge()],
    ['FORMAT_UNKNOWN', 'an SVG', new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>')],
  ])('%s: %s', async (code, _, bytes) => {
    expect(await codeOf(() => readImage(bytes))).toBe(code);
  });
});

describe('bad set-ups', () => {
  const opening = (options: object) => (): Promise<unknown> => createPipeline({ model, plugins, ...options });

  it('say what is missing or does not fit', async () => {
    expect(await codeOf(opening({ plugins: [textPlugin()] }))).toBe('PLUGIN_MISSING');
    expect(await codeOf(opening({ plugins: [...plugins, textPlugin()] }))).toBe('PLUGIN_DUPLICATE');
    const future = { ...textPlugin(), contract: 2 } as unknown as Plugin;
    expect(await codeOf(opening({ plugins: [future, imagePlugin(), audioPlugin()] }))).toBe(
      'PLUGIN_CONTRACT',
    );
    expect(await codeOf(opening({ colour: 'red' }))).toBe('OPTION_UNKNOWN');
    expect(await codeOf(opening({ threads: 0 }))).toBe('OPTION_INVALID');
    expect(await codeOf(opening({ model: './nowhere' }))).toBe('BUNDLE_NOT_FOUND');
  });

  it('a plugin that is missing is named with what to install', async () => {
    await expect(opening({ plugins: [textPlugin()] })()).rejects.toThrow(
      /Install @any-to-any\/tokenizer-image/,
    );
  });

  describe('a damaged bundle', () => {
    let root: string;
    let bundle: string;
    beforeAll(async () => {
      root = await mkdtemp(join(tmpdir(), 'any-to-any-damaged-'));
      bundle = join(root, 'bundle');
      await cp(model, bundle, { recursive: true });
    });
    afterAll(() => rm(root, { recursive: true }));
    const edit = async (
      file: string,
      change: (bytes: Buffer) => Uint8Array | string,
    ): Promise<ErrorCode | string> => {
      const path = join(bundle, file);
      const bytes = await readFile(path);
      await writeFile(path, change(Buffer.from(bytes)));
      const code = await codeOf(() => createPipeline({ model: bundle, plugins }));
      await writeFile(path, bytes);
      return code;
    };
    const manifest =
      (change: (manifest: Manifest) => void) =>
      (bytes: Buffer): string => {
        const data = JSON.parse(bytes.toString('utf8')) as Manifest;
        change(data);
        return JSON.stringify(data);
      };

    it('is refused with its code, and opens once it is whole again', async () => {
      const flipped = await edit('decoder.onnx.data', (bytes) => {
        bytes[bytes.length >> 1]! ^= 1;
        return bytes;
      });
      expect(flipped).toBe('BUNDLE_HASH_MISMATCH');
      expect(await edit('text.tiktoken', (bytes) => bytes.subarray(1))).toBe('BUNDLE_HASH_MISMATCH');
      const escaping = manifest((data) => {
        data.files['../secret'] = { bytes: 1, sha256: '0'.repeat(64) };
      });
      expect(await edit('manifest.json', escaping)).toBe('BUNDLE_PATH');
      expect(
        await edit(
          'manifest.json',
          manifest((data) => Object.assign(data, { format: 99 })),
        ),
      ).toBe('BUNDLE_VERSION');
      expect(
        await edit(
          'manifest.json',
          manifest((data) => Object.assign(data, { other: 1 })),
        ),
      ).toBe('BUNDLE_INVALID');
      await (await createPipeline({ model: bundle, plugins })).close();
    });
  });
});
