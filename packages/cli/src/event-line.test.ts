import { describe, expect, it } from 'vitest';
import { eventLine } from './event-line.ts';

describe('event line', () => {
  it('bytes become base64', () => {
    const delta = {
      modality: 'image',
      width: 1,
      height: 1,
      rectangle: { x: 0, y: 0, width: 1, height: 1 },
      // A view into a larger buffer: only its own bytes count.
      data: Uint8Array.from([9, 255, 0, 0, 255, 9]).subarray(1, 5),
      revision: 0,
      sigma: 0.5,
    };
    expect(eventLine({ type: 'segment-delta', segment: 0, delta })).toBe(
      '{"type":"segment-delta","segment":0,"delta":{"modality":"image","width":1,"height":1,' +
        '"rectangle":{"x":0,"y":0,"width":1,"height":1},"data":"/wAA/w==","revision":0,"sigma":0.5}}\n',
    );
  });

  it('ids become numbers and samples little-endian float32', () => {
    const content = { modality: 'audio', rate: 8000, samples: Float32Array.of(1, -2) };
    const line = eventLine({ type: 'segment-end', segment: 1, content, ids: Uint32Array.of(3, 1) });
    const parsed = JSON.parse(line);
    expect(parsed.ids).toEqual([3, 1]);
    // 1 is 3f800000, −2 is c0000000.
    expect([...Buffer.from(parsed.content.samples, 'base64')]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
  });

  it('a piece of sound keeps its rate, and a view only its own samples', () => {
    const samples = Float32Array.of(9, 1, 9).subarray(1, 2);
    const delta = { modality: 'audio', rate: 16_000, samples };
    // 0000803f, as base64.
    expect(eventLine({ type: 'segment-delta', segment: 0, delta })).toBe(
      '{"type":"segment-delta","segment":0,"delta":{"modality":"audio","rate":16000,"samples":"AACAPw=="}}\n',
    );
  });

  it('text stays text, on one line', () => {
    const delta = { modality: 'text', text: 'two\nlines' };
    expect(eventLine({ type: 'segment-delta', segment: 0, delta }).trimEnd().split('\n')).toHaveLength(1);
  });
});
