/** Guidance in one row beside two: how long a guided picture takes, alone and four at once, and how long one without. */
import { denoisePlugin } from '@any-to-any/adapter-denoise';
import { createPipeline, type ModalityOptions, type Pipeline } from '@any-to-any/core';
import { audioPlugin } from '@any-to-any/tokenizer-audio';
import { imagePlugin } from '@any-to-any/tokenizer-image';
import { textPlugin } from '@any-to-any/tokenizer-text';
import { median, table, time } from './measure.ts';

const prompts = ['a red apple on a blue background', 'a dog', 'a star above a tree', 'three fish'];
const rounds = 9;
const warmUp = 2;

type Way = readonly [name: string, image: ModalityOptions];

/** Prints medians of interleaved rounds, milliseconds. Pictures are as decoded, before anything refines them. */
export async function printGuidance(model: string): Promise<void> {
  const pipeline = await createPipeline({
    model,
    plugins: [textPlugin(), imagePlugin(), audioPlugin(), denoisePlugin()],
  });
  const ways: Way[] = [
    ['none', { guidance: 1 }],
    ...(pipeline.guides['image'] ? [['one row', { guidanceMode: 'distilled' }] as const] : []),
    ['two rows', { guidanceMode: 'two-row' }],
  ];
  const measured = ways.map(([name]) => ({ name, alone: [] as number[], together: [] as number[] }));
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const [at, [, image]] of ways.entries()) {
      const alone = await time(() => draw(pipeline, prompts.slice(0, 1), image, round));
      const together = await time(() => draw(pipeline, prompts, image, round));
      if (round < warmUp) continue;
      measured[at]!.alone.push(alone);
      measured[at]!.together.push(together);
    }
  }
  await pipeline.close();
  console.log(`Guidance of ${pipeline.name}, medians of ${rounds} interleaved rounds, nothing refined.\n`);
  const ms = (values: readonly number[]): string => `${median(values).toFixed(0)} ms`;
  const rows = measured.map(({ name, alone, together }) => [name, ms(alone), ms(together)]);
  console.log(`${table(['guidance', 'a picture', `${prompts.length} at once`], rows)}\n`);
  if (!pipeline.guides['image']) console.log('The model has no guide: guided pictures take two rows.\n');
}

async function draw(
  pipeline: Pipeline,
  words: readonly string[],
  image: ModalityOptions,
  seed: number,
): Promise<void> {
  const options = { image: { ...image, refine: false } };
  await Promise.all(words.map((one) => pipeline.generate({ content: [one], to: 'image', seed, options })));
}
