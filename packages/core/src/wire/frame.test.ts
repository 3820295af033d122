import { encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import type { SoundContent } from '../contract/content.ts';
import type { ImageDelta } from '../contract/delta.ts';
import type { Event } from '../contract/event.ts';
import { AnyToAnyError } from '../errors.ts';
import { decodeFrame, encodeFrame, type Frame, toFrames } from './frame.ts';

const patch: ImageDelta = {
  modality: 'image',
  width: 4,
  height: 2,
  rectangle: { x: 0, y: 0, width: 1, height: 1 },
  data: Uint8Array.of(1, 2, 3, 255),
  revision: 1,
  sigma: 0.5,
};
const delta: Event = { type: 'segment-delta', segment: 0, delta: patch };
const sound: SoundContent = { modality: 'audio', rate: 16000, samples: Float32Array.of(0.25, -1) };

describe('frames', () => {
  it('come back as they were sent', () => {
    const end: Event = {
      type: 'segment-end',
      segment: 1,
      content: sound,
      ids: Uint32Array.of(7, 70000),
    };
    for (const [sequence, body] of [delta, end].entries()) {
      const frame: Frame = { request: 'a', sequence, body };
      expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
    }
  });

  it('keep the version in the first key, by hand', () => {
    const bytes = encodeFrame({
      request: 'a',
      sequence: 0,
      body: { type: 'finish', reason: 'stop', usage: { prefilled: 1, generated: 2, reused: 3 } },
    });
    expect([...bytes.slice(0, 4)]).toEqual([0x84, 0xa1, 0x76, 1]); // map of 4, "v", 1
  });

  it('ignore keys they do not know and skip unknown kinds', () => {
    const sent = {
      v: 1,
      req: 'a',
      seq: 3,
      later: true,
      body: { type: 'finish', reason: 'stop', new: 1, usage: {} },
    };
    expect(decodeFrame(encode(sent))?.sequence).toBe(3);
    expect(decodeFrame(encode({ ...sent, body: { type: 'hologram' } }))).toBeUndefined();
  });

  it('refuse other versions and other bytes', () => {
    for (const bytes of [
      encode({ v: 2, req: 'a', seq: 0, body: {} }),
      encode([1]),
      Uint8Array.of(0xc1),
      new Uint8Array(),
    ]) {
      expect(() => decodeFrame(bytes)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }));
    }
  });

  it('number the events and end with the failure', async () => {
    async function* failing(): AsyncGenerator<Event> {
      yield delta;
      throw new AnyToAnyError('CONTEXT_FULL', 'full');
    }
    const frames: Frame[] = [];
    for await (const frame of toFrames('r', failing())) frames.push(frame);
    expect(frames.map((frame) => frame.sequence)).toEqual([0, 1]);
    expect(frames[1]?.body).toMatchObject({ type: 'error', code: 'CONTEXT_FULL' });
  });
});
