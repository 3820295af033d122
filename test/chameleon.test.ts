/**
 * Chameleon from the checkpoint to mixed answers: compiler, both tokenizers, grammar and pipeline, against what
 * transformers and its processor make of the same checkpoint.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, openSafetensors, type TensorReader } from '@any-to-any/compiler';
import {
  createPipeline,
  type Event,
  type Factory,
  type Graph,
  type ImageContent,
  type ImageDelta,
  openBundle,
  type Pipeline,
  type Registry,
  type TextContent,
  type Tokenizer,
} from '@any-to-any/core';
import { expectCode } from '@any-to-any/core/testing';
import { imagePlugin } from '@any-to-any/tokenizer-image';
import { textPlugin } from '@any-to-any/tokenizer-text';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const fixtures = new URL('../packages/compiler/fixtures/chameleon', import.meta.url).pathname;
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'any-to-any-chameleon-'));
});
afterAll(() => rm(root, { recursive: true }));

interface Opened {
  readonly pipeline: Pipeline;
  readonly cases: TensorReader;
  picture(name: string, width: number, height: number): Promise<ImageContent>;
  close(): Promise<void>;
}

async function open(name: string): Promise<Opened> {
  const model = join(root, name);
  await compile(join(fixtures, name), model);
  const pipeline = await createPipeline({ model, plugins: [textPlugin(), imagePlugin()] });
  const cases = await openSafetensors(join(fixtures, name, 'cases.safetensors'));
  return {
    pipeline,
    cases,
    async picture(tensor, width, height) {
      const rgb = await cases.read(tensor);
      const data = new Uint8Array(width * height * 4).fill(255);
      rgb.forEach((value, i) => {
        data[Math.floor(i / 3) * 4 + (i % 3)] = value;
      });
      return { modality: 'image', width, height, data };
    },
    async close() {
      await pipeline.close();
      await cases.close();
    },
  };
}

describe('with the image decoder', () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open('mixed');
  });
  afterAll(() => opened.close());

  test('draws exactly the grid between the marks, with previews before the picture', async () => {
    const { pipeline } = opened;
    const events: Event[] = [];
    for await (const event of pipeline.stream({
      content: ['the cat'],
      to: ['text', 'image', 'text'],
      seed: 7,
      options: { text: { maxIds: 5 } },
    })) {
      events.push(event);
    }
    const starts = events.filter((event) => event.type === 'segment-start');
    expect(starts.map(({ modality }) => modality)).toEqual(['text', 'image', 'text']);
    expect(starts[1]!.shape).toEqual({ kind: 'grid', rows: 5, columns: 5 });
    const ends = events.filter((event) => event.type === 'segment-end');
    expect(ends[1]!.ids).toHaveLength(25);
    expect(ends[1]!.content).toMatchObject({ modality: 'image', width: 10, height: 10 });
    const frames = events.flatMap(
      (event) => (event.type === 'segment-delta' && event.segment === 1 ? [event.delta as ImageDelta] : []), // of the image segment
    );
    expect(frames.at(-1)).toMatchObject({ sigma: 0, rectangle: { x: 0, y: 0, width: 10, height: 10 } });
    expect((ends[1]!.content as ImageContent).data).toEqual(frames.at(-1)!.data); // it is an image
    for (const { sigma } of frames.slice(0, -1)) expect(sigma).toBeGreaterThan(0);
  });

  test('chooses by itself what comes next, and what it chooses is well formed', async () => {
    const { pipeline } = opened;
    const seen = new Set<string>();
    for (let seed = 0; seed < 12; seed++) {
      const options = { text: { maxIds: 3 } };
      const { segments } = await pipeline.generate({ content: ['a'], seed, maxSegments: 3, options });
      for (const { ids, content } of segments) {
        seen.add(content.modality);
        if (content.modality === 'image')
          expect([ids.length, (content as ImageContent).width]).toEqual([25, 10]); // it is one
        else expect((content as TextContent).text).not.toMatch(/IMGIMG|racm3|eoss/); // it is one
      }
    }
    expect([...seen].sort()).toEqual(['image', 'text']);
  });

  test('a picture takes as many positions as ids and two marks', async () => {
    const { pipeline, picture } = opened;
    const content = [await picture('picture', 10, 10)];
    const { usage } = await pipeline.generate({ content, to: 'text', options: { text: { maxIds: 1 } } });
    expect(usage.prefilled).toBe(1 + 2 + 25);
  });

  test('guidance changes what is drawn, a seed repeats it', async () => {
    const { pipeline } = opened;
    const draw = async (guidance: number) => {
      const { segments } = await pipeline.generate({
        content: ['the cat'],
        to: 'image',
        seed: 3,
        options: { image: { guidance } },
      });
      return [...segments[0]!.ids];
    };
    const plain = await draw(1);
    expect(await draw(1)).toEqual(plain);
    expect(await draw(4)).not.toEqual(plain);
  });
});

describe('without the image decoder', () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open('swin');
  });
  afterAll(() => opened.close());

  test('pictures are read, text is written, and drawing is an error that says why', async () => {
    const { pipeline, picture } = opened;
    expect(pipeline.generates).toEqual(['text']);
    const content = ['the', await picture('picture', 10, 10)];
    const { segments } = await pipeline.generate({
      content,
      options: { text: { maxIds: 5 } },
      maxSegments: 2,
    });
    expect(segments[0]?.content.modality).toBe('text');
    await expectCode(() => pipeline.generate({ content, to: 'image' }), 'MODALITY_UNKNOWN');
  });
});

describe.each(['mixed', 'swin'])('%s, from words and pixels on', (name) => {
  test('takes as many positions as in transformers and answers with the same ids', async () => {
    const { pipeline, picture, close } = await open(name);
    const path = join(fixtures, name, 'prompt-case.json');
    const recorded = JSON.parse(await readFile(path, 'utf8')) as {
      before: string;
      after: string;
      positions: number;
      greedy: number[];
    }; // as training/fixtures/chameleon.py writes it
    const { segments, usage } = await pipeline.generate({
      content: [recorded.before, await picture('picture', 10, 10), recorded.after],
      to: 'text',
      options: { text: { temperature: 0, maxIds: recorded.greedy.length } },
    });
    expect(usage.prefilled).toBe(recorded.positions);
    const region = pipeline.space.region('text');
    const { capacity } = pipeline.space.description.marks;
    expect(Array.from(segments[0]!.ids, (id) => region.toGlobal(id) - capacity)).toEqual(recorded.greedy);
    await close();
  });
});

test('a large picture is scaled and cropped nearly as by Pillow', async () => {
  const { cases, picture, close } = await open('swin');
  const large = await picture('large', 47, 30);
  const pixels: Float32Array[] = [];
  const side = 10;
  const graph: Graph = {
    inputs: ['pixels'],
    outputs: ['ids'],
    async run(feeds) {
      pixels.push(feeds['pixels']!.data as Float32Array); // the plugin feeds floats
      return { ids: { data: new Int32Array(25), dims: [1, 5, 5] } };
    },
    close() {},
  };
  const { manifest } = await openBundle(join(root, 'swin'));
  let factory: Factory<Tokenizer> | undefined;
  const registry = { tokenizer: (_: string, made: Factory<Tokenizer>) => (factory = made), encoder() {} };
  imagePlugin().register(registry as unknown as Registry); // the plugin registers no more than these
  const options = manifest.ports['image']!.tokenizer!.options;
  const tokenizer = await factory!({
    options,
    files: { read: async () => new Uint8Array(), graph: async () => graph },
  });
  await tokenizer.encode(large);
  const expected = await cases.read('large.pixels');
  const levels = pixels[0]!.map((value, i) => Math.abs(value - expected[i]!) / 0.0078);
  expect(levels).toHaveLength(3 * side * side);
  expect(Math.max(...levels)).toBeLessThan(3);
  await close();
});
