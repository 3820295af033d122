/** The default model end to end: prompt → picture with guidance, first patch and whole, and the words for it. */
import { denoisePlugin } from '@any-to-any/adapter-denoise';
import { createPipeline, locateBundle } from '@any-to-any/core';
import { audioPlugin } from '@any-to-any/tokenizer-audio';
import { imagePlugin } from '@any-to-any/tokenizer-image';
import { textPlugin } from '@any-to-any/tokenizer-text';
import { median, residentMiB, worstDelay } from './measure.ts';

export interface DefaultModelFigures {
  readonly open: number;
  readonly firstPatch: number;
  readonly picture: number;
  readonly caption: number;
  readonly worstDelay: number;
  readonly resident: number;
}

/** Milliseconds and MiB; medians of nine calls after two to warm up. */
export async function measureDefaultModel(
  model = locateBundle('@any-to-any/model-emoji', import.meta.url),
): Promise<DefaultModelFigures> {
  const before = performance.now();
  const pipeline = await createPipeline({
    model,
    plugins: [textPlugin(), imagePlugin(), audioPlugin(), denoisePlugin()],
  });
  const open = performance.now() - before;
  const firsts: number[] = [];
  const wholes: number[] = [];
  const captions: number[] = [];
  const delay = await worstDelay(async () => {
    for (let seed = 0; seed < 11; seed++) {
      const began = performance.now();
      let first: number | undefined;
      let image = { modality: 'image' };
      for await (const event of pipeline.stream({
        content: ['a red apple on a blue background'],
        to: 'image',
        seed,
      })) {
        if (event.type === 'segment-delta') first ??= performance.now() - began;
        if (event.type === 'segment-end') image = event.content;
      }
      const whole = performance.now() - began;
      const again = performance.now();
      await pipeline.generate({ content: [image], to: 'text', seed });
      if (seed < 2) continue;
      firsts.push(first!);
      wholes.push(whole);
      captions.push(performance.now() - again);
    }
  });
  const resident = residentMiB();
  await pipeline.close();
  return {
    open,
    firstPatch: median(firsts),
    picture: median(wholes),
    caption: median(captions),
    worstDelay: delay,
    resident,
  };
}
