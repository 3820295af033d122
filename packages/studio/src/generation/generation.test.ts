import { describe, expect, it } from 'vitest';
import { FakeLink, scripted, settle } from '../fakes.test.kit.ts';
import { Generation } from './generation.ts';

const count = (most: number): number[] => Array.from({ length: most }, (_, index) => index);

function setUp(length = 9, { ringBytes = 10_000, characters = 10 } = {}) {
  const { script, events } = scripted(length, characters);
  const generation = new Generation({ request: 'a', begin: events, ringBytes });
  const link = new FakeLink();
  return { script, generation, link };
}

describe('a generation', () => {
  it('pulls only while there is credit', async () => {
    const { script, generation, link } = setUp();
    generation.attach(link, 0, 3);
    const run = generation.run();
    await settle();
    expect([script.pulled, link.sequences]).toEqual([3, [0, 1, 2]]);
    generation.credit(5);
    await settle();
    expect([script.pulled, link.sequences]).toEqual([5, count(5)]);
    generation.credit(4); // takes nothing back
    generation.credit(50);
    await run;
    expect(link.sequences).toEqual(count(10));
    expect(link.frames.at(-1)?.body).toMatchObject({ type: 'finish' });
    expect([generation.complete, generation.idle, script.closed]).toEqual([true, true, true]);
  });

  it('waits for a network that is full, within its bytes', async () => {
    const { script, generation, link } = setUp(100, { ringBytes: 1000, characters: 100 });
    link.congested = true;
    generation.attach(link, 0, 1000);
    const run = generation.run();
    await settle();
    expect(link.frames).toEqual([]);
    expect(script.pulled).toBeLessThan(10);
    expect(generation.bytes).toBeLessThan(1300);
    link.congested = false;
    generation.pump();
    await run;
    expect(link.sequences).toEqual(count(101));
    expect(generation.bytes).toBeLessThanOrEqual(1000);
  });

  it('goes on for another connection with what that lacks, once each', async () => {
    const { generation, link } = setUp();
    generation.attach(link, 0, 4);
    const run = generation.run();
    await settle();
    generation.detach(link);
    expect(generation.idle).toBe(true);
    const next = new FakeLink();
    expect(generation.attach(next, 2, 100)).toBe(true);
    await run;
    expect(next.sequences).toEqual(count(10).slice(2));
    expect(link.sequences).toEqual(count(4));
  });

  it('tells a connection that another has taken over', async () => {
    const { generation, link } = setUp();
    generation.attach(link, 0, 4);
    void generation.run();
    await settle();
    generation.attach(new FakeLink(), 0, 4);
    expect(link.frames.at(-1)).toMatchObject({ sequence: 4, body: { type: 'error', code: 'STREAM_LOST' } });
    generation.detach(link); // it no longer has it
    expect(generation.link).toBeDefined();
  });

  it('refuses what is no longer kept, or was never made', async () => {
    const { generation, link } = setUp(20, { ringBytes: 300, characters: 50 });
    generation.attach(link, 0, 100);
    await generation.run();
    expect(generation.attach(link, 0, 100)).toBe(false);
    expect(generation.attach(link, 22, 100)).toBe(false);
    expect(generation.attach(link, 20, 100)).toBe(true);
  });

  it('stops the work within what is under way, and sends nothing more', async () => {
    const { script, generation, link } = setUp();
    generation.attach(link, 0, 3);
    const run = generation.run();
    await settle();
    generation.stop();
    await run;
    expect([script.aborted, script.closed, link.frames.length]).toEqual([true, true, 3]);
  });

  it('a failure is its last frame', async () => {
    const generation = new Generation({
      request: 'a',
      // biome-ignore lint/correctness/useYield: it fails before it gives anything
      begin: async function* () {
        throw new RangeError('no');
      },
      ringBytes: 1000,
    });
    const link = new FakeLink();
    generation.attach(link, 0, 1);
    await generation.run();
    expect(link.frames).toEqual([
      { request: 'a', sequence: 0, body: { type: 'error', code: 'UNKNOWN', message: 'no' } },
    ]);
  });
});
