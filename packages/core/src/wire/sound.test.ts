import { Encoder, ExtData } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import type { SoundDelta } from '../contract/delta.ts';
import { decodeFrame, encodeFrame, type Frame } from './frame.ts';

const frameOf = (samples: Float32Array): Frame => {
  const delta: SoundDelta = { modality: 'audio', rate: 16_000, samples };
  return { request: 'a', sequence: 0, body: { type: 'segment-delta', segment: 0, delta } };
};
const samplesOf = (frame: Frame | undefined): Float32Array => {
  if (frame?.body.type !== 'segment-delta') throw new Error(`no delta: ${frame?.body.type}`);
  return (frame.body.delta as SoundDelta).samples; // what was sent above
};

describe('frames of sound', () => {
  it('carry four bytes a sample, the low one first, and the rate', () => {
    const bytes = encodeFrame(frameOf(Float32Array.of(1)));
    const hex = Buffer.from(bytes).toString('hex');
    // "rate" as uint16 16000; then "samples" as an extension of 4 bytes (d6) and type 1: 0x3f800000.
    expect(hex).toContain(`a4${Buffer.from('rate').toString('hex')}cd3e80`);
    expect(hex).toContain(`a7${Buffer.from('samples').toString('hex')}d6010000803f`);
  });

  it('carry a view as its own samples only', () => {
    const view = Float32Array.of(9, 0.5, -0.5, 9).subarray(1, 3);
    expect([...samplesOf(decodeFrame(encodeFrame(frameOf(view))))]).toEqual([0.5, -0.5]);
  });

  it('come as a Buffer somewhere in a larger one, as sockets give them', () => {
    const samples = Float32Array.from({ length: 320 }, (_, i) => Math.sin(i));
    const bytes = encodeFrame(frameOf(samples));
    for (const offset of [0, 1, 2, 3]) {
      const pool = Buffer.alloc(bytes.length + 64, 0x7f);
      const received = pool.subarray(offset, offset + bytes.length);
      received.set(bytes);
      const arrived = samplesOf(decodeFrame(received));
      expect(arrived).toEqual(samples);
      pool.fill(0); // the pool is used again; what was decoded must not change
      expect(arrived).toEqual(samples);
    }
  });

  it('of a delta without samples are empty', () => {
    expect(samplesOf(decodeFrame(encodeFrame(frameOf(new Float32Array()))))).toEqual(new Float32Array());
  });

  it('are refused when a sample is cut', () => {
    const delta = { modality: 'audio', rate: 16_000, samples: new ExtData(1, Uint8Array.of(0, 0, 0x80)) };
    const bytes = new Encoder().encode({
      v: 1,
      req: 'a',
      seq: 0,
      body: { type: 'segment-delta', segment: 0, delta },
    });
    expect(() => decodeFrame(bytes)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }));
  });
});
