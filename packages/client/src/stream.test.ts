import type { Event } from '@any-to-any/core';
import type { Frame } from '@any-to-any/core/wire';
import { describe, expect, it } from 'vitest';
import { Stream } from './stream.ts';

const text = (sequence: number): Frame => ({
  request: 'a',
  sequence,
  body: { type: 'segment-delta', segment: 0, delta: { modality: 'text', text: `${sequence}` } as never },
});
const finish = (sequence: number): Frame => ({
  request: 'a',
  sequence,
  body: { type: 'finish', reason: 'stop', usage: { prefilled: 1, generated: 2, reused: 0 } },
});

function setUp(window = 4) {
  const said: string[] = [];
  const stream = new Stream(window, {
    credit: (until) => said.push(`credit ${until}`),
    resume: (next, until) => said.push(`resume ${next} ${until}`),
    cancel: () => said.push('cancel'),
  });
  return { said, stream };
}

const words = (event: Event): string =>
  event.type === 'segment-delta' ? (event.delta as { text: string } & typeof event.delta).text : event.type;

async function drain(stream: Stream): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of stream.events()) seen.push(words(event));
  return seen;
}

describe('a stream', () => {
  it('hands out events in order, once each', async () => {
    const { stream, said } = setUp();
    for (const frame of [text(0), text(1), text(0), text(1), text(2), finish(3)]) stream.take(frame);
    expect(await drain(stream)).toEqual(['0', '1', '2', 'finish']);
    expect(said).toEqual([]);
  });

  it('asks again for what is missing, and only for that', async () => {
    const { stream, said } = setUp();
    for (const frame of [text(0), text(2)]) stream.take(frame);
    expect(said).toEqual(['resume 1 4']);
    for (const frame of [text(1), text(2), finish(3)]) stream.take(frame);
    expect(await drain(stream)).toEqual(['0', '1', '2', 'finish']);
  });

  it('grants credit as events are taken, half a window at a time', async () => {
    const { stream, said } = setUp(4);
    for (const sequence of [0, 1, 2, 3]) stream.take(text(sequence));
    expect(said).toEqual([]);
    const events = stream.events();
    await events.next();
    await events.next();
    expect(said).toEqual([]); // the second is still being looked at
    await events.next();
    expect(said).toEqual(['credit 6']);
  });

  it('says its credit anew when it resumes, so that none is granted twice', async () => {
    const { stream, said } = setUp(4);
    for (const sequence of [0, 1]) stream.take(text(sequence));
    const events = stream.events();
    await events.next();
    await events.next();
    stream.restart();
    expect(said).toEqual(['resume 2 5']);
  });

  it('ends with the failure after what came before it', async () => {
    const { stream } = setUp();
    stream.take(text(0));
    stream.take({
      request: 'a',
      sequence: 1,
      body: { type: 'error', code: 'CONTEXT_FULL', message: 'CONTEXT_FULL  too long' },
    });
    const events = stream.events();
    expect((await events.next()).value).toMatchObject({ type: 'segment-delta' });
    await expect(events.next()).rejects.toMatchObject({
      code: 'CONTEXT_FULL',
      message: 'CONTEXT_FULL  too long',
    });
  });

  it('turns a failure without a code into STREAM_LOST', async () => {
    const { stream } = setUp();
    stream.take({ request: 'a', sequence: 0, body: { type: 'error', code: 'UNKNOWN', message: 'oh' } });
    await expect(drain(stream)).rejects.toMatchObject({ code: 'STREAM_LOST' });
  });

  it('leaving the loop cancels; a finished one has nothing to cancel', async () => {
    const { stream, said } = setUp();
    stream.take(text(0));
    for await (const _ of stream.events()) break;
    expect(said).toEqual(['cancel']);
    const done = setUp();
    done.stream.take(finish(0));
    await drain(done.stream);
    expect(done.said).toEqual([]);
  });

  it('cancelled while it waits, the loop ends with ABORTED', async () => {
    const { stream, said } = setUp();
    const drained = drain(stream);
    await Promise.resolve();
    stream.cancel('enough');
    await expect(drained).rejects.toMatchObject({ code: 'ABORTED' });
    expect(said).toEqual(['cancel']);
  });
});
