import { describe, expect, it } from 'vitest';
import { type AudioContextLike, Player } from './player.ts';
import { peaks, SoundBuilder, toWav } from './sound.ts';

const delta = (...samples: number[]) =>
  ({ modality: 'audio', rate: 10, samples: Float32Array.from(samples) }) as const;

describe('a sound', () => {
  it('joins its deltas', () => {
    const sound = new SoundBuilder();
    for (const samples of [[0.5], [], [0.25, -1], [0, 1, 0]]) sound.add(delta(...samples));
    expect([...sound.samples]).toEqual([0.5, 0.25, -1, 0, 1, 0]);
    expect(sound.seconds).toBe(0.6);
    expect(() => sound.add({ ...delta(1), rate: 11 })).toThrow(/^CONTENT_INVALID/);
    expect(() => new SoundBuilder().add({ ...delta(1), rate: 0 })).toThrow(/^CONTENT_INVALID/);
  });

  it('peaks by hand', () => {
    expect([...peaks(Float32Array.of(0, -1, 0.5, 0.25), 2)]).toEqual([1, 0.5]);
    expect([...peaks(Float32Array.of(0.5), 3)]).toEqual([0.5, 0.5, 0.5]);
    expect([...peaks(new Float32Array(0), 2)]).toEqual([0, 0]);
    expect([...peaks(Float32Array.of(-3), 1)]).toEqual([1]);
  });

  it('as a WAV file, byte by byte', async () => {
    const file = toWav({ modality: 'audio', rate: 16_000, samples: Float32Array.of(1, -1, 0.5, 2) });
    const bytes = new Uint8Array(await file.arrayBuffer());
    const text = (from: number): string => String.fromCharCode(...bytes.slice(from, from + 4));
    expect([text(0), text(8), text(12), text(36)]).toEqual(['RIFF', 'WAVE', 'fmt ', 'data']);
    const rest = [
      44, 0, 0, 0, 16, 0, 0, 0, 1, 0, 1, 0, 0x80, 0x3e, 0, 0, 0, 0x7d, 0, 0, 2, 0, 16, 0, 8, 0, 0, 0,
    ];
    expect([...bytes.slice(4, 8), ...bytes.slice(16, 36), ...bytes.slice(40, 44)]).toEqual(rest);
    // 1 → 32767, −1 → −32767, 0.5 → 16384, too loud → 32767
    expect([...bytes.slice(44)]).toEqual([0xff, 0x7f, 0x01, 0x80, 0x00, 0x40, 0xff, 0x7f]);
  });
});

class FakeContext {
  currentTime = 0;
  closed = false;
  readonly destination = {} as AudioNode;
  readonly started: { at: number; length: number; end: () => void }[] = [];
  readonly stopped: number[] = [];

  createBuffer(_: number, length: number): AudioBuffer {
    const data = new Float32Array(length);
    return { length, getChannelData: () => data } as unknown as AudioBuffer;
  }
  createBufferSource(): AudioBufferSourceNode {
    const source = {
      buffer: null as AudioBuffer | null,
      onended: () => {},
      connect: () => {},
      start: (at: number) => {
        this.started.push({ at, length: source.buffer!.length, end: () => source.onended() });
      },
      stop: () => this.stopped.push(source.buffer!.length),
    };
    return source as unknown as AudioBufferSourceNode;
  }
  async resume(): Promise<void> {}
  async close(): Promise<void> {
    this.closed = true;
  }
}

describe('a player', () => {
  function setUp(rate = 16_000) {
    const context = new FakeContext();
    return { context, player: new Player({ rate, lead: 0.1, context: context as AudioContextLike }) };
  }

  it('begins every piece where the one before it ends, to the sample', () => {
    const { context, player } = setUp();
    context.currentTime = 5;
    for (let piece = 0; piece < 1000; piece++) player.play(new Float32Array(320));
    for (const [index, { at }] of context.started.entries()) {
      // A running sum of seconds would be off by now.
      expect((at - 5.1) * 16_000).toBeCloseTo(index * 320, 6);
    }
    expect(player.duration).toBe(20);
  });

  it('goes on after a pause when a piece is late', () => {
    const { context, player } = setUp(10);
    player.play(new Float32Array(10)); // 0.1 … 1.1
    context.currentTime = 3;
    expect(player.position).toBe(1);
    player.play(new Float32Array(5));
    expect(context.started.map(({ at }) => at)).toEqual([0.1, 3.1]);
    context.currentTime = 3.3;
    expect(player.position).toBeCloseTo(1.2);
    expect(player.duration).toBe(1.5);
  });

  it('says when everything has sounded', async () => {
    const { context, player } = setUp(10);
    player.play(new Float32Array(1));
    player.play(new Float32Array(1));
    player.play(new Float32Array(0));
    let done = false;
    const finished = player.finished().then(() => {
      done = true;
    });
    context.started[0]!.end();
    await Promise.resolve();
    expect(done).toBe(false);
    context.started[1]!.end();
    await finished;
    expect(context.started.length).toBe(2);
  });

  it('stops at once', async () => {
    const { context, player } = setUp(10);
    player.play(new Float32Array(4));
    await player.stop();
    expect(context.stopped).toEqual([4]);
    expect(context.closed).toBe(true);
    await player.finished();
  });
});
