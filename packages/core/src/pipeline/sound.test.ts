import { describe, expect, it } from 'vitest';
import type { SoundContent } from '../contract/content.ts';
import type { SoundDelta } from '../contract/delta.ts';
import type { Run } from '../contract/engine.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';
import { AnyToAnyError } from '../errors.ts';
import { drain } from '../testing/case.ts';
import { decodeFrame, encodeFrame } from '../wire/frame.ts';
import type { Request } from './request.ts';
import { setUpSound } from './sound.test.kit.ts';

const hum = (...levels: number[]): SoundContent => ({
  modality: 'audio',
  rate: 100,
  samples: Float32Array.from(levels.flatMap((level) => Array<number>(4).fill(level))),
});
/** `<aud>`, bodies and all: `marks:7 audio:e0.5 …` */
const written = (runs: readonly Run[]): string[] =>
  runs.flatMap((run) =>
    'embeddings' in run
      ? [...run.embeddings].map((value) => `${run.port}:e${value}`)
      : [...run.ids].map((id) => `${run.port}:${id}`),
  );

describe('sound', () => {
  it('streams as samples whose joined form ends the segment, over frames too', async () => {
    const { pipeline } = setUpSound();
    const events = await drain(pipeline.stream({ content: ['a bell'], to: 'audio', seed: 2 }));
    const crossed = events.map(
      (body, sequence) => decodeFrame(encodeFrame({ request: 'r', sequence, body }))!.body,
    );
    expect(crossed).toEqual(events);
    const deltas = events.flatMap((event) =>
      event.type === 'segment-delta' ? [event.delta as SoundDelta] : [],
    );
    const end = events.find((event) => event.type === 'segment-end')!;
    const content = end.content as SoundContent;
    expect(deltas.length).toBeGreaterThan(1);
    expect(deltas.every(({ rate, samples }) => rate === 100 && samples.length === 4)).toBe(true);
    expect([...content.samples]).toEqual(deltas.flatMap(({ samples }) => [...samples]));
    expect([...content.samples.filter((_, i) => i % 4 === 0)]).toEqual(
      [...end.ids].map((id) => id / 4 - 1), // by hand: id 8 is 1, id 0 is −1
    );
    const progress = events.filter((event) => event.type === 'progress');
    expect(progress.map(({ done, total }) => [done, total])).toEqual(
      deltas.map((_, i) => [i + 1, undefined]),
    );
  });

  it('is as long as the model makes it, up to maxIds of the bundle or the request', async () => {
    const { pipeline } = setUpSound();
    const lengths = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const { segments } = await pipeline.generate({ content: ['a'], to: 'audio', seed });
      lengths.add(segments[0]!.ids.length);
    }
    expect(Math.max(...lengths)).toBeLessThanOrEqual(20);
    expect(lengths.size).toBeGreaterThan(3);
    const options = { audio: { maxIds: 2 } };
    for (let seed = 0; seed < 5; seed++) {
      const { segments } = await pipeline.generate({ content: ['a'], to: 'audio', seed, options });
      expect(segments[0]!.ids.length).toBeLessThanOrEqual(2);
    }
  });

  it('has sampling options of its own', async () => {
    const { pipeline } = setUpSound();
    const make = async (options: Request['options'], seed: number): Promise<number[][]> => {
      const request = { content: ['a'], to: ['image', 'audio'], seed, options };
      return (await pipeline.generate(request)).segments.map(({ ids }) => [...ids]);
    };
    const greedy = { audio: { temperature: 0 } };
    const [image, audio] = (await make(greedy, 1)) as [number[], number[]];
    const [otherImage] = (await make({ image: { temperature: 0 } }, 1)) as [number[]];
    expect(image).not.toEqual(otherImage);
    expect((await make({ image: { temperature: 0 }, ...greedy }, 1))[1]).toEqual(
      (await make({ image: { temperature: 0 }, ...greedy }, 2))[1],
    );
    expect(audio.length).toBeGreaterThan(0);
  });

  it('comes after a picture and goes on in a conversation', async () => {
    const { pipeline, runs } = setUpSound();
    const conversation = pipeline.conversation();
    const made = await conversation.generate({ content: ['a bell'], to: ['image', 'audio'] });
    expect(made.segments.map(({ content }) => content.modality)).toEqual(['image', 'audio']);
    runs.length = 0;
    await conversation.generate({ to: 'text' });
    // The mark that closes the sound, then the one that opens the words: nothing is read again.
    expect(written(runs)).toEqual(expect.arrayContaining(['marks:8', 'marks:3']));
    expect(written(runs).filter((symbol) => symbol.startsWith('image'))).toEqual([]);
    conversation.dispose();
  });

  it('is read through its encoder, and as ids where one asks for it or there is none', async () => {
    const request = { content: [hum(0.5, -1)], to: 'text' };
    const embedded = setUpSound();
    await embedded.pipeline.generate(request);
    expect(written(embedded.runs).slice(0, 5)).toEqual([
      'marks:1',
      'marks:7',
      'audio:e0.5',
      'audio:e-1',
      'marks:8',
    ]);
    const asIds = setUpSound();
    await asIds.pipeline.generate({ ...request, options: { audio: { read: 'ids' } } });
    expect(written(asIds.runs).slice(0, 5)).toEqual(['marks:1', 'marks:7', 'audio:6', 'audio:0', 'marks:8']);
    const without = setUpSound({ encoder: false });
    await without.pipeline.generate(request);
    expect(written(without.runs).slice(0, 5)).toEqual(written(asIds.runs).slice(0, 5));
  });

  it('is made no faster than it is taken', async () => {
    const { pipeline, engine } = setUpSound();
    const stream = pipeline.stream({ content: ['a'], to: Array(40).fill('audio') })[Symbol.asyncIterator]();
    await stream.next();
    await new Promise((resolve) => setTimeout(resolve, 50));
    // Unhindered it would be some hundred steps.
    expect(engine.steps.length).toBeLessThan(16);
    await stream.return?.();
    expect(engine.live).toBe(0);
  });

  it('stops within one step', async () => {
    const { pipeline, engine } = setUpSound({ delay: 5 });
    const controller = new AbortController();
    let steps = 0;
    const speak = async (): Promise<void> => {
      const request = { content: ['a'], to: Array(40).fill('audio'), signal: controller.signal };
      for await (const event of pipeline.stream(request)) {
        if (event.type !== 'segment-delta' || steps > 0) continue;
        steps = engine.steps.length;
        controller.abort();
      }
    };
    await expect(speak()).rejects.toMatchObject({ code: 'ABORTED' });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(engine.steps.length - steps).toBeLessThanOrEqual(1);
    expect(engine.live).toBe(0);
  });
});

describe('sound that fails', () => {
  it.each([
    ['is empty', hum()],
    ['is not a number', hum(Number.NaN)],
    ['is too loud', hum(3)],
    ['has another rate', { ...hum(0), rate: 44_100 }],
    ['has no samples', { modality: 'audio' }],
  ])('as content: %s', async (_, content) => {
    const { pipeline, engine } = setUpSound();
    for (const read of ['embeddings', 'ids'] as const) {
      const request = { content: [content], to: 'text', options: { audio: { read } } };
      await expect(pipeline.generate(request)).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    }
    expect(engine.live).toBe(0);
    await pipeline.generate({ content: [hum(0)], to: 'text' });
  });

  it('while it is decoded leaves the pipeline and the conversation as they were', async () => {
    let broken = true;
    const good = setUpSound();
    const failing: Tokenizer['decode'] = async function* (ids) {
      let count = 0;
      for await (const id of ids) {
        if (broken && ++count === 2) throw new AnyToAnyError('RUNTIME_FAILED', 'The codec failed.');
        yield { modality: 'audio', rate: 100, samples: new Float32Array(4).fill(id / 4 - 1) } as never;
      }
    };
    const { pipeline, engine } = setUpSound({ sound: { decode: failing } });
    const speak = { content: ['b'], to: ['audio', 'audio'], seed: 4 };
    const [conversation, reference] = [pipeline.conversation(), good.pipeline.conversation()];
    for (const one of [conversation, reference]) await one.generate({ content: ['a'], to: 'text' });
    const { length } = conversation;
    await expect(conversation.generate(speak)).rejects.toMatchObject({ code: 'RUNTIME_FAILED' });
    await expect(pipeline.generate(speak)).rejects.toMatchObject({ code: 'RUNTIME_FAILED' });
    expect([conversation.length, engine.live]).toEqual([length, 1]);
    broken = false;
    const [again, expected] = [await conversation.generate(speak), await reference.generate(speak)];
    expect(again).toEqual(expected);
    conversation.dispose();
    expect(engine.live).toBe(0);
  });
});
