/** The program of README.md: a picture that is on disk while it is still being drawn. */
import { denoisePlugin } from '@any-to-any/adapter-denoise';
import { createPipeline, type ImageDelta, locateBundle } from '@any-to-any/core';
import { audioPlugin } from '@any-to-any/tokenizer-audio';
import { imagePlugin, joinImage, writeImage } from '@any-to-any/tokenizer-image';
import { textPlugin } from '@any-to-any/tokenizer-text';

const model = locateBundle('@any-to-any/model-emoji', import.meta.url);
const plugins = [textPlugin(), imagePlugin(), audioPlugin(), denoisePlugin()];
const pipeline = await createPipeline({ model, plugins });

const patches: ImageDelta[] = [];
for await (const event of pipeline.stream({ content: ['a red apple'], to: 'image', seed: 7 })) {
  if (event.type !== 'segment-delta') continue;
  patches.push(event.delta as ImageDelta); // `to: 'image'` says what comes
  await writeImage(joinImage(patches), 'apple.png'); // sharper with every patch
}
await pipeline.close();
