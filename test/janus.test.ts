/**
 * Janus from the checkpoint to words and pictures: compiler, plugins, chat template, guidance and pipeline against what
 * transformers and its processor made of the same tiny random checkpoint.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, openSafetensors, type TensorReader } from '@any-to-any/compiler';
import { createPipeline, type ImageContent, type ImageDelta, type Pipeline } from '@any-to-any/core';
import { imagePlugin } from '@any-to-any/tokenizer-image';
import {
  type ChatTemplate,
  chatTemplate,
  createTextTokenizer,
  type TextTokenizer,
  textPlugin,
} from '@any-to-any/tokenizer-text';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const checkpoint = new URL('../packages/compiler/fixtures/janus', import.meta.url).pathname;
const placeholder = 107;
const side = 10;

let root: string;
let pipeline: Pipeline;
let chat: ChatTemplate;
let cases: TensorReader;
let picture: ImageContent;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'any-to-any-janus-'));
  const model = join(root, 'janus');
  await compile(checkpoint, model);
  pipeline = await createPipeline({ model, plugins: [textPlugin(), imagePlugin()] });
  chat = chatTemplate(await readFile(join(model, 'chat.json')));
  cases = await openSafetensors(join(checkpoint, 'cases.safetensors'));
  picture = pictureOf(await cases.read('read.pixels'));
});
afterAll(async () => {
  await cases.close();
  await pipeline.close();
  await rm(root, { recursive: true });
});

/** `[3, side, side]` in −1…1, whole levels. */
function pictureOf(planar: Float32Array): ImageContent {
  const data = new Uint8Array(side * side * 4).fill(255);
  planar.forEach((value, at) => {
    data[(at % (side * side)) * 4 + Math.floor(at / (side * side))] = Math.round((value + 1) * 127.5);
  });
  return { modality: 'image', width: side, height: side, data };
}

const greedy = async (name: string): Promise<number[]> => [...(await cases.read(name))];

describe('prompts are those of the processor', async () => {
  interface Case {
    readonly to: 'text' | 'image';
    /** `null` in a content stands for a picture. */
    readonly messages: readonly { readonly role: string; readonly content: readonly (string | null)[] }[];
    readonly ids: readonly number[];
  }
  const recorded = JSON.parse(await readFile(join(checkpoint, 'chat-cases.json'), 'utf8')) as Case[]; // its own form
  const added = JSON.parse(await readFile(join(checkpoint, 'tokenizer.json'), 'utf8')) as {
    added_tokens: { id: number; content: string }[];
  }; // a tokenizer.json

  async function idsOf(text: TextTokenizer, rendered: ReturnType<ChatTemplate['render']>): Promise<number[]> {
    const { marks } = JSON.parse(await readFile(join(root, 'janus/chat.json'), 'utf8')) as {
      marks: Record<string, string>;
    }; // as the compiler writes it
    const idOfMark = new Map(added.added_tokens.map(({ id, content }) => [marks[content], id]));
    const ids: number[] = [];
    for (const part of rendered) {
      if (typeof part === 'string') ids.push(...(await text.encode({ modality: 'text', text: part })).ids);
      else if ('mark' in part) ids.push(idOfMark.get(part.mark)!);
      else ids.push(idOfMark.get('<img>')!, ...Array<number>(25).fill(placeholder), idOfMark.get('</img>')!);
    }
    return ids;
  }

  test.each(recorded)('$to: $messages', async ({ to, messages, ids }) => {
    const text = await createTextTokenizer({
      kind: 'tokenizer.json',
      json: await readFile(join(root, 'janus/tokenizer.json')),
      size: 114,
    });
    const spelt = messages.map(({ role, content }) => ({
      role,
      content: content.map((part) => part ?? picture),
    }));
    const [begin, ...expected] = ids;
    expect(begin).toBe(101);
    // The mark before a picture that is to be drawn is the pipeline's.
    if (to === 'image') expect(expected.pop()).toBe(106);
    expect(await idsOf(text, chat.render(spelt, { to }))).toEqual(expected);
  });
});

test('a picture and a question → the words that transformers says', async () => {
  const expected = await greedy('read.greedy');
  const content = chat.ask([picture, 'what 42?']);
  const options = { text: { maxIds: expected.length } };
  const { segments, usage } = await pipeline.generate({ content, to: 'text', options });
  expect(usage.prefilled).toBe((await cases.read('read.ids')).length);
  expect([...segments[0]!.ids]).toEqual(expected);
});

test('a prompt → the codes that transformers draws greedily with guidance 5, and their pixels', async () => {
  const content = chat.ask('the cat', { to: 'image' });
  const request = { content, to: 'image', options: { image: { temperature: 0 } } };
  const { segments, usage } = await pipeline.generate(request);
  const [drawn] = segments;
  expect([...drawn!.ids]).toEqual(await greedy('draw.greedy'));
  expect(usage).toEqual({ prefilled: 2 * (await cases.read('draw.ids')).length, generated: 25, reused: 0 });
  const pixels = await cases.read('draw.pixels');
  const image = drawn!.content as ImageContent; // it was asked for
  expect([image.width, image.height]).toEqual([side, side]);
  pixels.forEach((value, at) => {
    const level = Math.max(0, Math.min(255, (value + 1) * 127.5));
    const found = image.data[(at % (side * side)) * 4 + Math.floor(at / (side * side))]!;
    expect(Math.abs(found - level)).toBeLessThanOrEqual(0.51);
  });
});

test('previews of the whole picture come while it is drawn; the last one is the picture', async () => {
  const deltas: ImageDelta[] = [];
  const stream = pipeline.stream({ content: chat.ask('the cat', { to: 'image' }), to: 'image' });
  for await (const event of stream) {
    if (event.type === 'segment-delta') deltas.push(event.delta as ImageDelta); // nothing else was asked for
  }
  expect(deltas.length).toBeGreaterThan(1);
  expect(deltas.every(({ rectangle }) => rectangle.width === side && rectangle.height === side)).toBe(true);
  expect(deltas.map(({ revision }) => revision)).toEqual(deltas.map((_, index) => index));
  expect(deltas.map(({ sigma }) => sigma).at(-1)).toBe(0);
});

test('sampling is as published: guidance 5, temperature 1, nothing filtered; another seed, other codes', async () => {
  const manifest = JSON.parse(await readFile(join(root, 'janus/manifest.json'), 'utf8')) as {
    sampling: unknown;
    unconditional: unknown;
  }; // a manifest
  expect(manifest.sampling).toEqual({
    text: { temperature: 0, maxIds: 512 },
    image: { temperature: 1, guidance: 5 },
  });
  expect(manifest.unconditional).toBe('pad');
  const draw = async (seed: number): Promise<number[]> => {
    const { segments } = await pipeline.generate({
      content: chat.ask('a', { to: 'image' }),
      to: 'image',
      seed,
    });
    return [...segments[0]!.ids];
  };
  expect(await draw(1)).toEqual(await draw(1));
  expect(await draw(1)).not.toEqual(await draw(2));
});

test('asked for nothing in particular, it says words, and draws only when asked', async () => {
  const options = { text: { maxIds: 3 } };
  for (const seed of [0, 1, 2]) {
    const { segments } = await pipeline.generate({ content: chat.ask('the'), seed, options, maxSegments: 1 });
    expect(segments.map(({ content }) => content.modality)).toEqual(['text']);
  }
});

test.each(['int8', 'int4'] as const)('%s: what it loses on the first code', async (quantize) => {
  const model = join(root, quantize);
  await compile(checkpoint, model, { quantize, kv: 'int8', tables: 'f16' });
  const small = await createPipeline({ model, plugins: [textPlugin(), imagePlugin()] });
  const content = chat.ask('the cat', { to: 'image' });
  const { segments } = await small.generate({ content, to: 'image', options: { image: { temperature: 0 } } });
  const expected = await greedy('draw.greedy');
  const same = [...segments[0]!.ids].filter((id, at) => id === expected[at]).length;
  console.log(`${quantize}: ${same} of 25 greedy codes of tiny random weights stay the same`);
  expect(segments[0]!.ids).toHaveLength(25);
  await small.close();
});
