/**
 * Models that read pictures and make text, from the checkpoint to the answer: compiler, image and text plugins and
 * pipeline against what transformers' own image processors, tokenizers and models say. Tiny random models.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile } from '@any-to-any/compiler';
import { createPipeline, type ImageContent, type Pipeline, type Request } from '@any-to-any/core';
import { imagePlugin } from '@any-to-any/tokenizer-image';
import { chatTemplate, textPlugin } from '@any-to-any/tokenizer-text';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'any-to-any-reading-'));
});
afterAll(() => rm(root, { recursive: true }));

interface Whole {
  readonly width: number;
  readonly height: number;
  /** Base64 of RGB. */
  readonly rgb: string;
  readonly text?: string;
  readonly before?: string;
  readonly after?: string;
  /** The ids that follow. */
  readonly greedy: readonly number[];
  /** The same in a chat: how many ids are asked, and what follows. */
  readonly chat?: { readonly count: number; readonly greedy: readonly number[] };
}

interface Opened {
  readonly model: string;
  readonly pipeline: Pipeline;
  readonly whole: Whole;
  readonly picture: ImageContent;
}

async function open(fixture: string): Promise<Opened> {
  const directory = new URL(`../packages/compiler/fixtures/${fixture}/`, import.meta.url).pathname;
  const model = join(root, fixture.replaceAll('/', '-'));
  await compile(directory, model);
  const pipeline = await createPipeline({ model, plugins: [textPlugin(), imagePlugin()] });
  const whole = JSON.parse(await readFile(join(directory, 'whole.json'), 'utf8')) as Whole; // as training/fixtures/ writes it
  const { width, height } = whole;
  const data = new Uint8Array(width * height * 4).fill(255);
  Buffer.from(whole.rgb, 'base64').forEach((byte, at) => {
    data[Math.floor(at / 3) * 4 + (at % 3)] = byte;
  });
  return { model, pipeline, whole, picture: { modality: 'image', width, height, data } };
}

/** Greedy ids without the one that ends, and how many positions the prompt took. */
async function answer(pipeline: Pipeline, content: Request['content'], maxIds: number) {
  const options = { text: { temperature: 0, maxIds } };
  const { segments, usage } = await pipeline.generate({ content, to: 'text', options });
  return { ids: [...segments[0]!.ids], prefilled: usage.prefilled };
}

describe.each(['blip-2/usual', 'blip-2/unbiased'])('%s', (fixture) => {
  test('answers about a picture as transformers does', async () => {
    const { pipeline, whole, picture } = await open(fixture);
    const { ids, prefilled } = await answer(pipeline, [picture, whole.text!], whole.greedy.length);
    expect(ids).toEqual(whole.greedy.filter((id) => id !== 4 && id !== 1));
    const without = await answer(pipeline, [whole.text!], whole.greedy.length);
    expect(without.ids).not.toEqual(ids);
    // Five queries and the first token stand before the text, which alone begins with nothing.
    expect(prefilled).toBe(without.prefilled + 6);
    await pipeline.close();
  });
});

describe('mllama', () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open('mllama');
  });
  afterAll(() => opened.pipeline.close());

  test('answers about a picture between texts as transformers does', async () => {
    const { pipeline, whole, picture } = opened;
    const content = [whole.before!, picture, whole.after!];
    const { ids, prefilled } = await answer(pipeline, content, whole.greedy.length);
    expect(ids).toEqual(whole.greedy.filter((id) => id !== 1));
    const without = await answer(pipeline, [whole.before!, whole.after!], 1);
    const white = { ...picture, data: picture.data.map(() => 255) };
    const other = await answer(pipeline, [whole.before!, white, whole.after!], whole.greedy.length);
    expect(other.ids).not.toEqual(ids);
    // Four tiles of five positions and the image token.
    expect(prefilled).toBe(without.prefilled + 21);
  });

  test('and in a chat', async () => {
    const { model, pipeline, whole, picture } = opened;
    const chat = chatTemplate(await readFile(join(model, 'chat.json')));
    const content = chat.ask([whole.before!, picture, whole.after!]);
    const { count, greedy } = whole.chat!;
    const { ids, prefilled } = await answer(pipeline, content, greedy.length);
    expect(ids).toEqual(greedy.filter((id) => id !== 1));
    expect(prefilled).toBe(count + 20);
  });

  test('a conversation goes on in the cache, picture and all', async () => {
    const { pipeline, whole, picture } = opened;
    const content = [whole.before!, picture, whole.after!];
    const fresh = await answer(pipeline, content, 8);
    const conversation = pipeline.conversation();
    const options = { text: { temperature: 0, maxIds: 1 } };
    await conversation.generate({ content: [whole.before!], to: 'text', options });
    conversation.dispose();
    const kept = pipeline.conversation();
    const first = await kept.generate({
      content,
      to: 'text',
      options: { text: { temperature: 0, maxIds: 3 } },
    });
    const second = await kept.generate({ to: 'text', options: { text: { temperature: 0, maxIds: 5 } } });
    expect([...first.segments[0]!.ids, ...second.segments[0]!.ids]).toEqual(fresh.ids);
    expect(second.usage.prefilled).toBe(1);
    kept.dispose();
  });

  test.each<[string, Request]>([
    ['a picture to be made', { content: ['a cat'], to: 'image' }],
    ['a picture after an answer', { content: ['a cat'], to: ['text', 'image'] }],
  ])('%s is MODALITY_UNKNOWN', async (_, request) => {
    await expect(opened.pipeline.generate(request)).rejects.toMatchObject({ code: 'MODALITY_UNKNOWN' });
  });

  test.each(['ids', 'both'] as const)('a picture to be read as %s is MODALITY_UNKNOWN', async (read) => {
    const request: Request = { content: [opened.picture], to: 'text', options: { image: { read } } };
    await expect(opened.pipeline.generate(request)).rejects.toMatchObject({
      code: 'MODALITY_UNKNOWN',
      message: expect.stringContaining('no tokenizer of image'),
    });
  });

  test('says what it makes', () => {
    expect(opened.pipeline.generates).toEqual(['text']);
  });
});

test('a bundle says that pictures are read as ids and as embeddings at once', async () => {
  const directory = new URL('../packages/compiler/fixtures/janus/', import.meta.url).pathname;
  const model = join(root, 'janus');
  await compile(directory, model, { reading: { image: { read: 'both' } } });
  const pipeline = await createPipeline({ model, plugins: [textPlugin(), imagePlugin()] });
  const picture: ImageContent = {
    modality: 'image',
    width: 4,
    height: 4,
    data: new Uint8Array(64).fill(200),
  };
  const positions = async (read?: 'ids' | 'embeddings'): Promise<number> => {
    const options = { text: { temperature: 0, maxIds: 1 }, image: { read } };
    const { usage } = await pipeline.generate({ content: [picture, 'what'], to: 'text', options });
    return usage.prefilled;
  };
  const none = await answer(pipeline, ['what'], 1);
  const marks = 2;
  const [ids, embeddings] = [await positions('ids'), await positions('embeddings')];
  expect(await positions()).toBe(ids + embeddings - none.prefilled - marks);
  await pipeline.close();
});
