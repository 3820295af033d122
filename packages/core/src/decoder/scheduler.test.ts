import { describe, expect, it } from 'vitest';
import type { AppendRequest, Run } from '../contract/engine.ts';
import { fakeEngine } from '../testing/fakes.ts';
import { countPositions, cutRuns } from './runs.ts';
import { Scheduler } from './scheduler.ts';

const run = (...ids: number[]): Run => ({ port: 'text', ids: Uint32Array.from(ids) });

describe('cutRuns', () => {
  const place = {
    segment: 1,
    start: 2,
    layout: { kind: 'line', buckets: 0, bucket: () => 0, count: () => undefined },
    shape: { kind: 'line' },
  } as const;

  it('cuts across runs and moves the place along, by hand', () => {
    const groups = cutRuns([run(1, 2, 3), { ...run(4, 5, 6, 7), place }], 5);
    expect(groups.map(countPositions)).toEqual([5, 2]);
    expect(groups[0]![1]).toMatchObject({ ids: Uint32Array.of(4, 5), place: { start: 2 } });
    expect(groups[1]![0]).toMatchObject({ ids: Uint32Array.of(6, 7), place: { start: 4 } });
  });

  it('cuts embeddings by rows', () => {
    const embeddings = Float32Array.of(1, 1, 2, 2, 3, 3);
    const groups = cutRuns([{ port: 'image', embeddings, count: 3 }], 2);
    expect(groups).toEqual([
      [{ port: 'image', embeddings: Float32Array.of(1, 1, 2, 2), count: 2 }],
      [{ port: 'image', embeddings: Float32Array.of(3, 3), count: 1 }],
    ]);
  });

  it('leaves what fits and makes nothing of nothing', () => {
    expect(cutRuns([run(1, 2)], 5).map(countPositions)).toEqual([2]);
    expect(cutRuns([], 5)).toEqual([]);
  });
});

describe('scheduler', () => {
  const request = (engine: ReturnType<typeof fakeEngine>, ...ids: number[]): AppendRequest => ({
    sequence: engine.open(),
    runs: [run(...ids)],
    head: 'text',
  });

  it('lets a step in between the chunks of a long prompt', async () => {
    const engine = fakeEngine({ heads: { text: 4 }, delay: 1 });
    const scheduler = new Scheduler(engine, 2);
    const order: string[] = [];
    const long = scheduler.prefill([request(engine, 1, 2, 3, 4, 5, 6)]).then(() => order.push('prompt'));
    const short = scheduler.step({ requests: [request(engine, 9)] }).then(() => order.push('step'));
    await Promise.all([long, short]);
    expect(order).toEqual(['step', 'prompt']);
    expect(engine.steps[0]).toEqual({ rows: 2, positions: 3 });
  });

  it('gives a prompt in chunks the logits of the whole', async () => {
    const engine = fakeEngine({ heads: { text: 4 } });
    const whole = await engine.append([request(engine, 1, 2, 3, 4, 5)]);
    const cut = await new Scheduler(engine, 2).prefill([request(engine, 1, 2, 3, 4, 5)]);
    expect(cut[0]!.logits).toEqual(whole[0]!.logits);
  });

  it('rejects only the job whose signal fired', async () => {
    const engine = fakeEngine({ heads: { text: 4 }, delay: 5 });
    const scheduler = new Scheduler(engine, 2);
    const controller = new AbortController();
    const stopped = scheduler.step({ requests: [request(engine, 1)], signal: controller.signal });
    const other = scheduler.step({ requests: [request(engine, 2)] });
    setTimeout(() => controller.abort(), 2);
    await expect(stopped).rejects.toThrow(/ABORTED/);
    expect((await other)[0]!.logits.length).toBe(4);
    await scheduler.idle();
  });

  it('terminates a step that nobody wants any more', async () => {
    const engine = fakeEngine({ heads: { text: 4 }, delay: 20 });
    const scheduler = new Scheduler(engine, 2);
    const controller = new AbortController();
    const one = request(engine, 1);
    const stopped = scheduler.step({ requests: [one], signal: controller.signal });
    setTimeout(() => controller.abort(), 2);
    await expect(stopped).rejects.toThrow(/ABORTED/);
    expect(one.sequence.length).toBe(0);
  });
});
