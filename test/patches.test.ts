import { denoisePlugin } from '@any-to-any/adapter-denoise';
import {
  createPipeline,
  type ImageContent,
  type ImageDelta,
  locateBundle,
  type Pipeline,
} from '@any-to-any/core';
import { audioPlugin } from '@any-to-any/tokenizer-audio';
import { imagePlugin, joinImage } from '@any-to-any/tokenizer-image';
import { textPlugin } from '@any-to-any/tokenizer-text';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';

/** The patch stage of the shipped model, end to end: blur → sharp, patch by patch. */
const model = locateBundle('@any-to-any/model-emoji', import.meta.url);
const prompt = 'a red apple on a blue background';
const request = { content: [prompt], to: 'image', seed: 1 } as const;

let pipeline: Pipeline;
beforeAll(async () => {
  const plugins = [textPlugin(), imagePlugin(), audioPlugin(), denoisePlugin()];
  pipeline = await createPipeline({ model, plugins });
});
afterAll(() => pipeline.close());

async function stream(upscale?: 1 | 2 | 4): Promise<{ patches: ImageDelta[]; whole: ImageContent }> {
  const patches: ImageDelta[] = [];
  let whole: ImageContent | undefined;
  const options = upscale === undefined ? {} : { image: { upscale } };
  for await (const event of pipeline.stream({ ...request, options })) {
    if (event.type === 'segment-delta') patches.push(event.delta as ImageDelta); // `to: 'image'`
    if (event.type === 'segment-end') whole = event.content as ImageContent;
  }
  return { patches, whole: whole! };
}

const generate = async (image: object): Promise<ImageContent> =>
  (await pipeline.generate({ ...request, options: { image } })).segments[0]!.content as ImageContent; // `to: 'image'`

describe.each([1, 2, 4] as const)('a picture × %i', (upscale) => {
  it('sharpens: revisions rise, noise falls, and every patch ends without', async () => {
    const { patches, whole } = await stream(upscale);
    const latest = new Map<number, ImageDelta>();
    for (const patch of patches) {
      const times = patch.width / 64;
      const [x, y] = [patch.rectangle.x / times, patch.rectangle.y / times];
      const place = 4 * Math.floor(y / 16) + Math.floor(x / 16);
      const before = latest.get(place);
      if (before !== undefined) {
        expect(patch.revision).toBeGreaterThan(before.revision);
        expect(patch.sigma === 0 || patch.sigma <= before.sigma).toBe(true);
        expect(patch.width).toBeGreaterThanOrEqual(before.width);
      }
      latest.set(place, patch);
    }
    expect(latest.size).toBe(16);
    for (const { sigma, width } of latest.values()) expect([sigma, width]).toEqual([0, 64 * upscale]);
    expect(patches[0]!.sigma).toBeGreaterThan(0);
    expect(joinImage(patches)).toEqual(whole);
    expect(joinImage([...patches].reverse())).toEqual(whole);
    expect(await generate({ upscale })).toEqual(whole);
  });
});

test('unasked, a picture is sharp and twice as large; `refine: false` leaves it as it was drawn', async () => {
  expect(await generate({})).toEqual(await generate({ upscale: 2 }));
  expect((await generate({})).width).toBe(128);
  const drawn = await generate({ refine: false });
  expect(drawn.width).toBe(64);
  expect(drawn).not.toEqual(await generate({ upscale: 1 }));
});

test('patches become sharp from the top left on', async () => {
  const { patches } = await stream();
  const places = patches
    .filter(({ sigma }) => sigma === 0)
    .map(({ rectangle }) => 4 * (rectangle.y / 32) + rectangle.x / 32);
  expect([...places].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, place) => place));
  const sum = (some: readonly number[]): number => some.reduce((total, place) => total + place, 0);
  expect(sum(places.slice(0, 8))).toBeLessThan(sum(places.slice(8)));
});
