import { describe, expect, it } from 'vitest';
import type { Event } from '../contract/event.ts';
import { AnyToAnyError } from '../errors.ts';
import { drain } from '../testing/case.ts';
import { ids, setUp } from './pipeline.test.kit.ts';

describe('pipeline', () => {
  it('generate gives what stream gave', async () => {
    const { pipeline, engine } = setUp();
    const events: Event[] = await drain(
      pipeline.stream({ content: ['hello'], to: ['image', 'text'], seed: 3 }),
    );
    const answer = await pipeline.generate({ content: ['hello'], to: ['image', 'text'], seed: 3 });
    const ends = events.filter((event) => event.type === 'segment-end');
    expect(ends.map((event) => [...event.ids])).toEqual(ids(answer));
    expect(answer.segments[0]?.ids.length).toBe(6);
    expect(events.at(-1)).toMatchObject({ type: 'finish', reason: 'stop' });
    expect(events.filter((event) => event.type === 'progress').at(5)).toMatchObject({ done: 6, total: 6 });
    expect(engine.live).toBe(0);
  });

  it('same seed same ids, other seed other ids', async () => {
    const { pipeline } = setUp();
    const run = async (seed: number): Promise<number[][]> =>
      ids(await pipeline.generate({ content: ['a'], to: 'image', seed }));
    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(2));
  });

  it('lets the model choose its segments and end', async () => {
    const { pipeline } = setUp();
    const reasons = new Set<string>();
    for (let seed = 0; seed < 12; seed++) {
      const answer = await pipeline.generate({ content: ['a'], seed, maxSegments: 3 });
      expect(answer.segments.length).toBeGreaterThan(0);
      expect(answer.segments.length).toBeLessThanOrEqual(3);
      reasons.add(answer.reason);
    }
    expect(reasons).toEqual(new Set(['end', 'length']));
  });

  it('does not choose a picture that no longer fits', async () => {
    const { pipeline } = setUp();
    const chosen = async (length: number): Promise<Set<string>> => {
      const seen = new Set<string>();
      for (let seed = 0; seed < 20; seed++) {
        const options = { text: { maxIds: 1 }, image: { guidance: 1 } };
        const content = ['a'.repeat(length)];
        const { segments } = await pipeline.generate({ content, seed, maxSegments: 1, options });
        for (const segment of segments) seen.add(segment.content.modality ?? 'image');
      }
      return seen;
    };
    // Of 512 positions <s>, <txt> and </txt> take three, a picture eight.
    expect((await chosen(501)).size).toBe(2);
    expect(await chosen(502)).toEqual(new Set(['text']));
  });

  it('guidance steps both rows in one call', async () => {
    const { pipeline, engine } = setUp();
    await pipeline.generate({ content: ['a'], to: 'image' });
    expect(engine.steps.filter((step) => step.rows === 2).length).toBe(5);
  });

  it('a conversation prefills only what is new', async () => {
    const { pipeline, engine } = setUp();
    const conversation = pipeline.conversation();
    const options = { image: { guidance: 1 } };
    const first = await conversation.generate({ content: ['hello'], to: 'image', options });
    // <s> <txt> h e l l o </txt> <img>
    expect(first.usage).toEqual({ prefilled: 9, generated: 6, reused: 0 });
    const before = conversation.length;
    expect(before).toBe(9 + 5);
    const second = await conversation.generate({ to: 'text', options });
    // last id, </img>, <txt>
    expect(second.usage).toMatchObject({ prefilled: 3, reused: before });
    const positions = engine.steps.reduce((sum, step) => sum + step.positions, 0);
    expect(positions).toBe(conversation.length);
    conversation.dispose();
    expect(engine.live).toBe(0);
  });

  it('a fork and a kept conversation go on as a fresh run would', async () => {
    const { pipeline } = setUp();
    const turns = [
      { content: ['hello'], to: 'image', seed: 1 },
      { content: ['again'], to: 'text', seed: 2 },
    ];
    const fresh = pipeline.conversation();
    const expected = [await fresh.generate(turns[0]!), await fresh.generate(turns[1]!)];
    const kept = pipeline.conversation();
    await kept.generate(turns[0]!);
    const fork = kept.fork();
    expect(ids(await kept.generate(turns[1]!))).toEqual(ids(expected[1]!));
    kept.dispose();
    expect(ids(await fork.generate(turns[1]!))).toEqual(ids(expected[1]!));
  });

  it('a stopped generation frees its rows and leaves no trace', async () => {
    const { pipeline, engine } = setUp({ delay: 1 });
    for await (const event of pipeline.stream({ content: ['a'], to: 'image' }))
      if (event.type === 'progress') break;
    expect(engine.live).toBe(0);
    const controller = new AbortController();
    const conversation = pipeline.conversation();
    await conversation.generate({ content: ['a'], to: 'text' });
    const before = conversation.length;
    await expect(async () => {
      for await (const event of conversation.stream({
        content: ['b'],
        to: 'image',
        signal: controller.signal,
      })) {
        if (event.type === 'progress' && event.done === 3) controller.abort();
      }
    }).rejects.toThrow(/ABORTED/);
    expect(conversation.length).toBe(before);
    expect(engine.live).toBe(1);
    const again = await conversation.generate({ content: ['b'], to: 'image' });
    expect(again.segments[0]?.ids.length).toBe(6);
  });

  it('several requests step together', async () => {
    const { pipeline, engine } = setUp({ delay: 1 });
    const alone = await pipeline.generate({ content: ['a'], to: 'image', seed: 5 });
    const before = engine.steps.length;
    const all = await Promise.all(
      [5, 6, 7].map((seed) => pipeline.generate({ content: ['a'], to: 'image', seed })),
    );
    expect(ids(all[0]!)).toEqual(ids(alone));
    expect(engine.steps.length - before).toBeLessThan(3 * before);
    expect(Math.max(...engine.steps.map((step) => step.rows))).toBeGreaterThan(2);
  });

  it('one bad request does not fail the others', async () => {
    const { pipeline } = setUp({ delay: 1 });
    const long = 'x'.repeat(600);
    const results = await Promise.allSettled([
      pipeline.generate({ content: ['a'], to: 'image' }),
      pipeline.generate({ content: [long], to: 'image' }),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected']);
    expect((results[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'CONTEXT_FULL' });
  });

  it('a slow consumer slows production', async () => {
    const { pipeline, engine } = setUp();
    const stream = pipeline
      .stream({ content: ['a'], to: 'text', options: { text: { maxIds: 100 } } })
      [Symbol.asyncIterator]();
    await stream.next();
    // Until nothing more happens by itself.
    let steps = -1;
    while (steps !== engine.steps.length) {
      steps = engine.steps.length;
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(steps).toBeLessThan(20);
    await stream.return?.();
  });

  it.each([
    ['OPTION_UNKNOWN', { content: ['a'], to: 'text', temperature: 1 }],
    ['OPTION_UNKNOWN', { content: ['a'], to: 'text', options: { text: { temp: 1 } } }],
    ['OPTION_INVALID', { content: ['a'], to: 'text', options: { image: { guidance: -1 } } }],
    ['OPTION_INVALID', { content: ['a'], to: [] }],
    ['OPTION_INVALID', { content: ['a'], to: 'text', seed: -1 }],
    ['MODALITY_UNKNOWN', { content: ['a'], to: 'smell' }],
    ['MODALITY_UNKNOWN', { content: [{ modality: 'smell' }], to: 'text' }],
    ['CONTENT_INVALID', { content: [7], to: 'text' }],
    ['CONTENT_INVALID', { content: ['UPPER'], to: 'text' }],
    ['SPACE_INVALID', { content: [{ mark: '<none>' }], to: 'text' }],
    ['CONTEXT_FULL', { content: ['x'.repeat(600)], to: 'text' }],
  ])('refuses with %s and stays usable', async (code, request) => {
    const { pipeline, engine } = setUp();
    const error = await pipeline.generate(request as never).catch((caught: unknown) => caught);
    expect(AnyToAnyError.is(error) && error.code).toBe(code);
    expect(engine.live).toBe(0);
    await pipeline.generate({ content: ['a'], to: 'text' });
  });

  it('refuses a second turn while one runs, and a disposed conversation', async () => {
    const { pipeline } = setUp({ delay: 1 });
    const conversation = pipeline.conversation();
    const running = conversation.generate({ content: ['a'], to: 'text' });
    await expect(conversation.generate({ content: ['b'], to: 'text' })).rejects.toThrow(/SEQUENCE_BUSY/);
    await running;
    conversation.dispose();
    conversation.dispose();
    await expect(conversation.generate({ content: ['b'], to: 'text' })).rejects.toThrow(/SEQUENCE_DISPOSED/);
    expect(() => conversation.fork()).toThrow(/SEQUENCE_DISPOSED/);
  });

  it('refuses calls after close', async () => {
    const { pipeline } = setUp();
    await pipeline.close();
    await expect(pipeline.generate({ content: ['a'], to: 'text' })).rejects.toThrow(/PIPELINE_CLOSED/);
  });
});
