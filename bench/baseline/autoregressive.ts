/** The model's own way: words → ids → patches, as an app would have it. Patches are told when they can be seen. */
import { denoisePlugin } from '@any-to-any/adapter-denoise';
import { createPipeline, type ImageDelta } from '@any-to-any/core';
import { audioPlugin } from '@any-to-any/tokenizer-audio';
import { imagePlugin } from '@any-to-any/tokenizer-image';
import { textPlugin } from '@any-to-any/tokenizer-text';
import type { Drawing, Path, Seen } from './path.ts';

/** A way that is open: words and a seed in, what was seen out. */
export interface Open {
  draw(words: string, seed: number): Promise<Omit<Drawing, 'delay'>>;
  close(): Promise<void>;
}

export async function openAutoregressive(
  model: string,
  { previews, refine }: Path & { kind: 'autoregressive' },
): Promise<Open> {
  const plugins = [textPlugin(), imagePlugin({ previews }), audioPlugin(), denoisePlugin()];
  const pipeline = await createPipeline({ model, plugins });
  // Refined at the size it was drawn, so that all ways end with as many pixels.
  const options = { image: refine ? { upscale: 1 as const } : { refine: false } };
  return {
    async draw(words, seed) {
      const began = performance.now();
      const seen: Seen[] = [];
      let work = { prefilled: 0, generated: 0 };
      for await (const event of pipeline.stream({ content: [words], to: 'image', seed, options })) {
        if (event.type === 'segment-delta') {
          // `to: 'image'` says what comes.
          seen.push({ at: performance.now() - began, delta: event.delta as ImageDelta });
        }
        if (event.type === 'finish') work = event.usage;
      }
      return { seen, total: performance.now() - began, work };
    },
    close: () => pipeline.close(),
  };
}
