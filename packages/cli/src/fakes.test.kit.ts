/**
 * For tests: a bundle of fakes (letters for text, grey squares for images, loudnesses for sound) and the plugin that runs it without a network.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  gridLayout,
  type ImageContent,
  type ImageDelta,
  type Plugin,
  type TextContent,
  type Tokenizer,
  writeManifest,
} from '@any-to-any/core';
import { fakeEngine, fakeSoundTokenizer, fakeTokenizer, smallSpace } from '@any-to-any/core/testing';
import { joinImage } from '@any-to-any/tokenizer-image';

const name = 'fake';
const shape = { kind: 'grid', rows: 2, columns: 3 } as const;

/** Ten grey levels, one id a square of 2 × 2 pixels, on a grid of 2 × 3. */
const pictures: Tokenizer<ImageContent, ImageDelta> = {
  modality: 'image',
  size: 10,
  layout: gridLayout({ clip: 1, block: 1 }),
  shape: () => shape,
  encode: async () => ({ ids: Uint32Array.of(0, 1, 2, 3, 4, 5), shape }),
  async *decode(ids) {
    let count = 0;
    for await (const id of ids) {
      const rectangle = { x: 2 * (count % 3), y: 2 * Math.floor(count / 3), width: 2, height: 2 };
      const data = new Uint8Array(16).fill(25 * id);
      yield { modality: 'image', width: 6, height: 4, rectangle, data, revision: 0, sigma: 0 };
      count++;
    }
  },
  join: joinImage,
};

/** The fake letters, which read the signs of a voice's wording as spaces. */
function letters(): Tokenizer<TextContent> {
  const plain = fakeTokenizer();
  return {
    ...plain,
    encode: (content, options) =>
      plain.encode({ ...content, text: content.text.replace(/[':]/g, ' ') }, options),
  };
}

/** `delay`: milliseconds of one step. */
export function fakePlugin(delay = 0): Plugin {
  return {
    name,
    contract: 1,
    register(registry) {
      registry.engine(() => fakeEngine({ heads: { marks: 10, text: 28, image: 11, audio: 10 }, delay }));
      // The contract's tokenizers take any content; these are only ever given their own.
      registry.tokenizer('text', () => letters() as unknown as Tokenizer);
      registry.tokenizer('image', () => pictures as unknown as Tokenizer);
      registry.tokenizer('audio', () => fakeSoundTokenizer() as unknown as Tokenizer);
    },
  };
}

const voices = {
  audio: {
    woman: { wording: "a woman's voice", default: true as const },
    man: { wording: "a man's voice", description: 'deep' },
  },
};

/** The directory of a new bundle for `fakePlugin`; with sound it has a region and voices more. */
export async function fakeBundle({ sound = false } = {}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'any-to-any-cli-'));
  await writeFile(join(directory, 'decoder.onnx'), 'no graph');
  const guide = { file: 'decoder.onnx', type: 'float32' as const, scales: [1, 1.5, 3] };
  const head = (classes: number) => ({ graph: 'decoder.onnx', classes });
  const table = (rows: number) => ({ file: 'decoder.onnx', type: 'float32', rows }) as const;
  const tokenizer = { plugin: name, options: {} };
  const capacity = sound ? 10 : 8;
  await writeManifest(directory, {
    name: 'fakes',
    version: '1.2.3',
    license: 'Apache-2.0',
    attribution: ['nobody'],
    space: smallSpace({ text: 27, image: 10, ...(sound && { audio: 9 }) }, capacity),
    decoder: {
      graph: 'decoder.onnx',
      width: 1,
      layers: 1,
      heads: 1,
      kvHeads: 1,
      headWidth: 1,
      context: 512,
      kv: 'float32',
      inputs: { modality: false, buckets: false },
    },
    ports: {
      marks: { table: table(capacity), head: head(capacity) },
      text: { table: table(27), head: head(28), tokenizer },
      image: { table: table(10), head: head(11), guide, tokenizer },
      ...(sound && { audio: { table: table(9), head: head(10), tokenizer } }),
    },
    sampling: { text: { maxIds: 12 } },
    ...(sound && { voices }),
    unconditional: 'empty',
  });
  return directory;
}
