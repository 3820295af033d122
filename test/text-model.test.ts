/**
 * Text models from the checkpoint to the answer: compiler, text tokenizer, chat template and pipeline against what
 * transformers says. A tiny random model always; SmolLM2-135M-Instruct where its GGUF file is at hand.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile } from '@any-to-any/compiler';
import { createPipeline, type Pipeline } from '@any-to-any/core';
import { type ChatMessage, type ChatTemplate, chatTemplate, textPlugin } from '@any-to-any/tokenizer-text';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { read } from './source.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'any-to-any-text-model-'));
});
afterAll(() => rm(root, { recursive: true }));

interface Opened {
  readonly pipeline: Pipeline;
  readonly chat: ChatTemplate;
}

async function open(checkpoint: string, name: string, context?: number): Promise<Opened> {
  const model = join(root, name);
  await compile(checkpoint, model, { context });
  const pipeline = await createPipeline({ model, plugins: [textPlugin()] });
  return { pipeline, chat: chatTemplate(await readFile(join(model, 'chat.json'))) };
}

/** Greedy ids without the one that ends, and how many positions the prompt took. */
async function answer({ pipeline, chat }: Opened, messages: readonly ChatMessage[], maxIds: number) {
  const options = { text: { temperature: 0, maxIds } };
  const result = await pipeline.generate({ content: chat.render(messages), to: 'text', options });
  const [segment] = result.segments;
  const { text } = segment!.content as unknown as { text: string }; // text is what it was asked for
  return { ids: [...segment!.ids], text, prefilled: result.usage.prefilled };
}

describe('a tiny checkpoint with a chat template', () => {
  const directory = new URL('../packages/compiler/fixtures/llama/llama-untied/', import.meta.url).pathname;

  test('answers a conversation as transformers does', async () => {
    const opened = await open(directory, 'tiny');
    const recorded = JSON.parse(await readFile(join(directory, 'chat-case.json'), 'utf8')) as {
      messages: ChatMessage[];
      ids: number[];
      greedy: number[];
    }; // as training/fixtures/llama.py writes it
    const { ids, prefilled } = await answer(opened, recorded.messages, recorded.greedy.length);
    expect(prefilled).toBe(recorded.ids.length);
    expect(ids).toEqual(recorded.greedy.filter((id) => id !== 1));
    await opened.pipeline.close();
  });

  test('a conversation goes on in the cache', async () => {
    const { pipeline } = await open(directory, 'again');
    const options = { text: { temperature: 0, maxIds: 4 } };
    const conversation = pipeline.conversation();
    const first = await conversation.generate({ content: ['the cat'], to: 'text', options });
    const second = await conversation.generate({
      content: [{ mark: '<|user|>' }, 'sat'],
      to: 'text',
      options,
    });
    expect(second.usage.reused).toBeGreaterThan(first.usage.prefilled);
    conversation.dispose();
    await pipeline.close();
  });
});

interface Golden {
  readonly prompts: readonly {
    readonly prompt: string;
    readonly ids: readonly number[];
    readonly generated: readonly number[];
    readonly text: string;
  }[];
}

const file = process.env['ANY_TO_ANY_SMOLLM2'];
if (file === undefined) {
  console.warn(
    'SKIPPED: SmolLM2-135M-Instruct against transformers. Set ANY_TO_ANY_SMOLLM2 to what `node scripts/smollm2.mjs` prints.',
  );
}

describe.skipIf(file === undefined)('SmolLM2-135M-Instruct (needs ANY_TO_ANY_SMOLLM2)', () => {
  const { prompts } = JSON.parse(read('test/smollm2.json')) as Golden; // as it says of itself

  test('ten answers of up to 64 ids are those of transformers', { timeout: 900_000 }, async () => {
    const opened = await open(file!, 'smollm2', 2048);
    for (const { prompt, ids, generated, text } of prompts) {
      const found = await answer(opened, [{ role: 'user', content: prompt }], 64);
      expect(found.prefilled).toBe(ids.length);
      expect(found.text).toBe(text);
      expect(found.ids).toEqual(generated.filter((id) => id !== 2));
    }
    await opened.pipeline.close();
  });
});
