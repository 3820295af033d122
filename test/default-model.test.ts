import { createHash } from 'node:crypto';
import { denoisePlugin } from '@any-to-any/adapter-denoise';
import {
  type Answer,
  createPipeline,
  type ImageContent,
  type ImageDelta,
  locateBundle,
  type Pipeline,
  type TextContent,
} from '@any-to-any/core';
import { audioPlugin } from '@any-to-any/tokenizer-audio';
import { imagePlugin, joinImage } from '@any-to-any/tokenizer-image';
import { textPlugin } from '@any-to-any/tokenizer-text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The shipped model, end to end: what a newcomer runs. */
const model = locateBundle('@any-to-any/model-emoji', import.meta.url);
const prompt = 'a red apple on a blue background';

let pipeline: Pipeline;
beforeAll(async () => {
  pipeline = await createPipeline({
    model,
    plugins: [textPlugin(), imagePlugin(), audioPlugin(), denoisePlugin()],
  });
});
afterAll(() => pipeline.close());

const draw = (seed: number, text = prompt): Promise<Answer> =>
  pipeline.generate({ content: [text], to: 'image', seed });
const imageOf = (answer: Answer): ImageContent => answer.segments[0]!.content as ImageContent;
const textOf = (answer: Answer): string => (answer.segments.at(-1)!.content as TextContent).text;
const hash = (image: ImageContent): string => createHash('sha256').update(image.data).digest('hex');

/** Mean red, green and blue of the outermost pixels. */
function border({ width, height, data }: ImageContent): number[] {
  const sums = [0, 0, 0];
  let count = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (x > 0 && y > 0 && x < width - 1 && y < height - 1) continue;
      for (let channel = 0; channel < 3; channel++) sums[channel]! += data[(y * width + x) * 4 + channel]!;
      count++;
    }
  }
  return sums.map((sum) => sum / count);
}

describe('the default model draws', () => {
  it('the same for the same seed, to the byte, and otherwise for others', async () => {
    const [first, again, other] = [await draw(1), await draw(1), await draw(2)];
    expect(hash(imageOf(again))).toBe(hash(imageOf(first)));
    expect([...again.segments[0]!.ids]).toEqual([...first.segments[0]!.ids]);
    expect(hash(imageOf(other))).not.toBe(hash(imageOf(first)));
  });

  it('a blue background where one is asked for', async () => {
    for (const seed of [0, 1, 2]) {
      const [red, , blue] = border(imageOf(await draw(seed)));
      expect(blue! - red!).toBeGreaterThan(60);
    }
  });

  it('patch by patch: what streams is what is returned', async () => {
    const patches: ImageDelta[] = [];
    let whole: ImageContent | undefined;
    for await (const event of pipeline.stream({ content: [prompt], to: 'image', seed: 3 })) {
      if (event.type === 'segment-delta') patches.push(event.delta as ImageDelta);
      if (event.type === 'segment-end') whole = event.content as ImageContent;
    }
    expect(patches.length).toBeGreaterThan(16);
    expect(joinImage([...patches].reverse())).toEqual(whole);
    expect(new Set(patches.map((patch) => patch.revision)).size).toBeGreaterThan(2);
  });

  it('and the same alone as beside others, up to rounding of the runtime', async () => {
    const alone = await draw(4);
    const [beside] = await Promise.all([draw(4), draw(5), draw(6)]);
    const same = [...beside!.segments[0]!.ids].filter((id, i) => id === alone.segments[0]!.ids[i]).length;
    expect(same).toBeGreaterThan(56);
  });
});

describe('the default model reads', () => {
  it('its own apple, through embeddings, through ids and through both at once', async () => {
    const image = imageOf(await draw(1));
    const prefilled: number[] = [];
    for (const read of ['embeddings', 'ids', 'both'] as const) {
      const answer = await pipeline.generate({ content: [image], to: 'text', options: { image: { read } } });
      expect(textOf(answer)).toMatch(/apple|tomato|cherr|blue/);
      prefilled.push(answer.usage.prefilled);
    }
    // <s> <img> </img> <txt>, and 16 embeddings, 64 ids, or all of them.
    expect(prefilled).toEqual([20, 68, 84]);
  });
});

describe('a text → image → text conversation', () => {
  const options = { image: { guidance: 1 } };

  it('prefills nothing twice', async () => {
    const conversation = pipeline.conversation();
    const drawn = await conversation.generate({ content: [prompt], to: 'image', seed: 1, options });
    const kept = conversation.length;
    expect(kept).toBe(drawn.usage.prefilled + 63);
    const read = await conversation.generate({ content: ['what is this?'], to: 'text', options });
    expect(read.usage.reused).toBe(kept);
    const question = [...(await pipeline.generate({ content: ['what is this?'], to: 'text' })).segments]
      .length;
    expect(question).toBe(1);
    // The last id, </img>, <txt>, the question, </txt>, <txt>: nothing of the picture.
    expect(read.usage.prefilled).toBeLessThan(16);
    conversation.dispose();
  });

  it('goes on after a fork and after keeping as a fresh run does, bit by bit', async () => {
    const fresh = pipeline.conversation();
    await fresh.generate({ content: [prompt], to: 'image', seed: 1, options });
    const expected = await fresh.generate({ to: 'text', seed: 2, options: { text: { temperature: 1 } } });
    const kept = pipeline.conversation();
    await kept.generate({ content: [prompt], to: 'image', seed: 1, options });
    const fork = kept.fork();
    await draw(9);
    for (const one of [kept, fork]) {
      const answer = await one.generate({ to: 'text', seed: 2, options: { text: { temperature: 1 } } });
      expect([...answer.segments[0]!.ids]).toEqual([...expected.segments[0]!.ids]);
    }
    for (const one of [fresh, kept, fork]) one.dispose();
  });
});

describe('memory', () => {
  it('does not grow over 1,000 generations, stopped ones among them', async () => {
    const run = async (from: number, to: number): Promise<void> => {
      for (let seed = from; seed < to; seed++) {
        for await (const event of pipeline.stream({
          content: ['a dog'],
          to: 'text',
          seed,
          options: { text: { maxIds: 3 } },
        })) {
          if (seed % 3 === 0 && event.type === 'progress') break;
        }
      }
    };
    await run(0, 300);
    const before = process.memoryUsage().rss;
    await run(300, 1300);
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(32);
  });
});
