/** Guidance by a second row, or by the guide of a port in one. */
import { describe, expect, it } from 'vitest';
import type { IdRun, Run } from '../contract/engine.ts';
import { AnyToAnyError } from '../errors.ts';
import { guidanceOf } from './guidance.ts';
import { ids, setUp } from './pipeline.test.kit.ts';
import type { ModalityOptions } from './request.ts';

const guides = { image: [1, 1.5, 3] };
const picture = { content: ['hello'], to: 'image', seed: 4 } as const;
const withImage = (image: ModalityOptions) => ({ ...picture, options: { image } });
const guided = (runs: readonly Run[]): IdRun[] =>
  runs.filter((run): run is IdRun => 'ids' in run && run.guide !== undefined);

describe('guidance', () => {
  it('is distilled where the port has a guide: one row, its opening mark and every id with the scale', async () => {
    const { pipeline, engine, appended } = setUp({ guides });
    await pipeline.generate(picture);
    expect(engine.steps.every(({ rows }) => rows === 1)).toBe(true);
    const own = guided(appended.flatMap(({ runs }) => runs));
    // <img>, then five of the six ids: the last one waits for a next turn.
    expect(own.map(({ port }) => port)).toEqual(['marks', ...Array(5).fill('image')]);
    expect(own.every(({ guide }) => guide?.port === 'image' && guide.scale === 2)).toBe(true);
  });

  it('the last id of a guided picture reaches the cache as it was drawn', async () => {
    const { pipeline, appended } = setUp({ guides });
    const conversation = pipeline.conversation();
    await conversation.generate(picture);
    appended.length = 0;
    await conversation.generate({ to: 'text' });
    const runs = appended.flatMap((request) => request.runs);
    expect(guided(runs)).toMatchObject([{ port: 'image', guide: { port: 'image', scale: 2 } }]);
    expect(runs[0]).toBe(guided(runs)[0]);
    conversation.dispose();
  });

  it('in two rows gives the ids that it gives without a guide', async () => {
    const plain = await setUp().pipeline.generate(picture);
    const { pipeline, engine } = setUp({ guides });
    expect(ids(await pipeline.generate(withImage({ guidanceMode: 'two-row' })))).toEqual(ids(plain));
    expect(engine.steps.filter(({ rows }) => rows === 2)).toHaveLength(5);
    expect(ids(await pipeline.generate(picture))).not.toEqual(ids(plain));
  });

  it.each(['distilled', 'two-row'] as const)('of scale 1 is none, %s', async (guidanceMode) => {
    const plain = await setUp().pipeline.generate(withImage({ guidance: 1 }));
    const { pipeline, engine, appended } = setUp({ guides });
    expect(ids(await pipeline.generate(withImage({ guidance: 1, guidanceMode })))).toEqual(ids(plain));
    expect(engine.steps.every(({ rows }) => rows === 1)).toBe(true);
    expect(guided(appended.flatMap(({ runs }) => runs))).toEqual([]);
  });

  it('of several pictures at once: each with its own scale and way', async () => {
    const requests = [
      withImage({ guidance: 1.5 }),
      withImage({ guidance: 3 }),
      withImage({ guidance: 3, guidanceMode: 'two-row' }),
      withImage({ guidance: 1 }),
    ];
    const alone = [];
    for (const request of requests) alone.push(ids(await setUp({ guides }).pipeline.generate(request)));
    const { pipeline, engine } = setUp({ guides, delay: 1 });
    const together = await Promise.all(requests.map((request) => pipeline.generate(request)));
    expect(together.map(ids)).toEqual(alone);
    expect(Math.max(...engine.steps.map(({ rows }) => rows))).toBeGreaterThan(3);
    expect(new Set(alone.map((one) => `${one}`)).size).toBe(4);
  });

  it.each([
    ['no guide', {}, { guidanceMode: 'distilled' }, /no distilled guidance for image/],
    ['a scale above', guides, { guidance: 3.5, guidanceMode: 'distilled' }, /from 1 to 3, got 3.5/],
    ['a scale below', guides, { guidance: 0.5, guidanceMode: 'distilled' }, /from 1 to 3, got 0.5/],
    ['a way there is not', guides, { guidanceMode: 'twice' }, /distilled, two-row, got "twice"/],
  ])('is refused for %s', async (_, guides, image, message) => {
    const { pipeline, engine } = setUp({ guides });
    const error = await pipeline.generate(withImage(image as ModalityOptions)).catch((caught) => caught);
    expect(AnyToAnyError.is(error) && error.code).toBe('OPTION_INVALID');
    expect(error.message).toMatch(message);
    expect(engine.live).toBe(0);
  });

  it('falls back to two rows where nobody asked for a guide that does not reach', () => {
    const machine = { guides, defaults: { image: { guidance: 2, guidanceMode: 'distilled' as const } } };
    expect(guidanceOf(machine, { guidance: 5 }, 'image')).toEqual({ guidance: 5, guide: undefined });
    expect(guidanceOf(machine, {}, 'image').guide).toEqual({ port: 'image', scale: 2 });
    expect(guidanceOf(machine, {}, 'text')).toEqual({ guidance: 1, guide: undefined });
  });

  it('is done as the bundle says where the request does not', () => {
    const machine = { guides, defaults: { image: { guidance: 2, guidanceMode: 'two-row' as const } } };
    expect(guidanceOf(machine, {}, 'image').guide).toBeUndefined();
    expect(guidanceOf(machine, { guidanceMode: 'distilled' }, 'image').guide).toMatchObject({ scale: 2 });
  });
});
