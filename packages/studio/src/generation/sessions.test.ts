import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeLink, scripted, settle } from '../fakes.test.kit.ts';
import { Sessions, type SessionsOptions } from './sessions.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => vi.useRealTimers());

function setUp(options: Partial<SessionsOptions> = {}) {
  const scripts: ReturnType<typeof scripted>['script'][] = [];
  const asks: unknown[] = [];
  const sessions = new Sessions({
    begin: (ask, signal) => {
      asks.push(ask);
      const { script, events } = scripted(9);
      scripts.push(script);
      return events(signal);
    },
    most: 3,
    keep: 1000,
    ringBytes: 10_000,
    ...options,
  });
  const generate = (link: FakeLink, request = 'a', until = 4, session = 's'): void =>
    sessions.handle(session, { type: 'generate', request, until, ask: request }, link);
  return { sessions, scripts, asks, generate };
}

const errors = (link: FakeLink) =>
  link.frames.flatMap(({ sequence, body }) => (body.type === 'error' ? [`${sequence} ${body.code}`] : []));

describe('sessions', () => {
  it('begin what is asked, once, however often it is said', async () => {
    const { sessions, asks, generate } = setUp();
    const [link, again] = [new FakeLink(), new FakeLink()];
    generate(link);
    await settle();
    sessions.detach(link);
    generate(again, 'a', 100);
    await settle();
    expect(asks).toEqual(['a']);
    expect(again.sequences).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('of different names do not see each other', async () => {
    const { sessions, generate } = setUp();
    const [link, other] = [new FakeLink(), new FakeLink()];
    generate(link);
    sessions.handle('other', { type: 'resume', request: 'a', next: 0, until: 9 }, other);
    sessions.handle('other', { type: 'cancel', request: 'a' }, other);
    expect(errors(other)).toEqual(['0 STREAM_LOST']);
    await settle();
    expect(link.sequences).toEqual([0, 1, 2, 3]);
    expect(sessions.size).toBe(1);
  });

  it('forget what nobody comes back for, and stop it', async () => {
    const { sessions, scripts, generate } = setUp();
    const link = new FakeLink();
    generate(link);
    await settle();
    sessions.detach(link);
    await vi.advanceTimersByTimeAsync(999);
    expect(sessions.size).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    await settle();
    expect([sessions.size, scripts[0]!.aborted, scripts[0]!.closed]).toEqual([0, true, true]);
    const late = new FakeLink();
    sessions.handle('s', { type: 'resume', request: 'a', next: 4, until: 8 }, late);
    expect(errors(late)).toEqual(['4 STREAM_LOST']);
  });

  it('keep what is taken up again in time, and what is being read', async () => {
    const { sessions, generate } = setUp();
    const [link, next] = [new FakeLink(), new FakeLink()];
    generate(link);
    await settle();
    sessions.detach(link);
    await vi.advanceTimersByTimeAsync(900);
    sessions.handle('s', { type: 'resume', request: 'a', next: 4, until: 6 }, next);
    await settle();
    await vi.advanceTimersByTimeAsync(900);
    sessions.handle('s', { type: 'credit', request: 'a', until: 8 }, next);
    await settle();
    await vi.advanceTimersByTimeAsync(900);
    expect([sessions.size, next.sequences]).toEqual([1, [4, 5, 6, 7]]);
  });

  it('tell a client whose generation was forgotten, when it grants credit', async () => {
    const { sessions, generate } = setUp();
    const link = new FakeLink();
    generate(link);
    await settle();
    await vi.advanceTimersByTimeAsync(1000);
    sessions.handle('s', { type: 'credit', request: 'a', until: 8 }, link);
    expect(errors(link)).toEqual(['8 STREAM_LOST']);
  });

  it('cancel at once', async () => {
    const { sessions, scripts, generate } = setUp();
    const link = new FakeLink();
    generate(link);
    await settle();
    sessions.handle('s', { type: 'cancel', request: 'a' }, link);
    await settle();
    expect([sessions.size, scripts[0]!.closed, link.sequences]).toEqual([0, true, [0, 1, 2, 3]]);
  });

  it('refuse more than they take on; finished ones make room', async () => {
    const { sessions, generate } = setUp({ most: 2 });
    const link = new FakeLink();
    generate(link, 'a', 100);
    generate(link, 'b');
    await settle();
    generate(link, 'c');
    await settle();
    expect(errors(link)).toEqual([]);
    generate(link, 'd');
    expect(errors(link)).toEqual(['0 OVERLOADED']);
    expect(sessions.size).toBe(2);
    expect(sessions.bytes).toBeGreaterThan(0);
  });

  it('closing stops everything', async () => {
    const { sessions, scripts, generate } = setUp();
    for (const name of ['a', 'b']) generate(new FakeLink(), name);
    await settle();
    await sessions.close();
    expect(scripts.map(({ closed }) => closed)).toEqual([true, true]);
    expect(sessions.size).toBe(0);
  });
});
