/**
 * `any-to-any studio`: a web page for a model, on this machine only. Runs until it is stopped.
 */
import { once } from 'node:events';
import { createPipeline } from '@any-to-any/core';
import { startStudio } from '@any-to-any/studio';
import { readImage } from '@any-to-any/tokenizer-image';
import type { Command } from 'commander';
import { defaultModel, findModel } from '../model.ts';
import { withUpsampler } from '../plugins.ts';
import { type Surroundings, write } from '../surroundings.ts';
import { numberIn } from './number.ts';

interface Options {
  readonly model: string;
  readonly port: number;
  readonly upsampler?: string;
  readonly threads?: number;
}

/** Largest picture of a prompt, pixels. */
const mostPixels = 16_000_000;

export function addStudio(program: Command, surroundings: Surroundings): void {
  program
    .command('studio')
    .description('Opens a web page for the model, on this machine only, until Ctrl-C.')
    .option('--model <bundle>', 'directory or package of the model', defaultModel)
    .option(
      '--port <n>',
      'where to listen; 0 takes a free one',
      numberIn({ least: 0, most: 65_535, whole: true }),
      0,
    )
    .option('--upsampler <bundle>', 'directory or package of the network that enlarges pictures')
    .option('--threads <n>', 'threads of the runtime', numberIn({ least: 1, whole: true }))
    .action((options: Options) => runStudio(options, surroundings));
}

async function runStudio(
  { model, port, upsampler, threads }: Options,
  surroundings: Surroundings,
): Promise<void> {
  const { signal, plugins, stdout, stderr } = surroundings;
  const directory = findModel(model);
  const all = upsampler === undefined ? plugins : withUpsampler(plugins, upsampler);
  const pipeline = await createPipeline({ model: directory, plugins: all, threads });
  try {
    const studio = await startStudio({
      pipeline,
      port,
      readers: { image: (bytes) => readImage(bytes, { pixels: mostPixels }) },
    });
    try {
      await write(stderr, `${pipeline.name} is at the address below; Ctrl-C ends it.\n`);
      await write(stdout, `${studio.url}\n`);
      if (!signal.aborted) await once(signal, 'abort');
    } finally {
      await studio.close();
    }
  } finally {
    await pipeline.close();
  }
}
