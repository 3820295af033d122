/** The default model with a guide, end to end: scale 1 and two rows are what they were, one row is neither. */
import { plugins } from '@any-to-any/cli';
import { createPipeline, locateBundle, type ModalityOptions, type Pipeline } from '@any-to-any/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { guidedModel, scales } from './guided-model.test.kit.ts';

let remove: () => Promise<void>;
let plain: Pipeline;
let guided: Pipeline;
beforeAll(async () => {
  const model = await guidedModel();
  remove = model.remove;
  plain = await createPipeline({
    model: locateBundle('@any-to-any/model-emoji', import.meta.url),
    plugins: plugins(),
  });
  guided = await createPipeline({ model: model.directory, plugins: plugins() });
}, 120_000);
afterAll(async () => {
  await plain?.close();
  await guided?.close();
  await remove?.();
});

const draw = async (pipeline: Pipeline, image: ModalityOptions, words = 'a dog'): Promise<string> => {
  const options = { image: { temperature: 0, refine: false, ...image } };
  const { segments } = await pipeline.generate({ content: [words], to: 'image', options });
  return segments[0]!.ids.join(' ');
};

it('of scale 1 draws the ids of no guidance, in two rows those of the same model without a guide', async () => {
  expect(guided.guides).toEqual({ image: scales });
  expect(await draw(guided, { guidance: 1 })).toBe(await draw(plain, { guidance: 1 }));
  const twice = { guidance: 2, guidanceMode: 'two-row' } as const;
  expect(await draw(guided, twice)).toBe(await draw(plain, twice));
});

it('several pictures of several scales at once are those that come alone', async () => {
  const asked = [1, 1.5, 2, 3].map((guidance) => ({ guidance, temperature: 1 })); // else two may be the same
  const alone: string[] = [];
  for (const image of asked) alone.push(await draw(guided, image));
  expect(await Promise.all(asked.map((image) => draw(guided, image)))).toEqual(alone);
  expect(new Set(alone).size).toBe(4);
});

it('a conversation goes on from a guided picture', async () => {
  const conversation = guided.conversation();
  const options = { image: { guidance: 2, guidanceMode: 'distilled' as const, refine: false } };
  const { usage } = await conversation.generate({ content: ['a dog'], to: 'image', options });
  expect(usage).toMatchObject({ generated: 64, prefilled: conversation.length - 63 });
  const { segments } = await conversation.generate({ to: 'text' });
  expect(segments[0]!.content).toMatchObject({ modality: 'text' });
  conversation.dispose();
});
