import { encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage, type Message } from './message.ts';

const messages: Message[] = [
  {
    type: 'generate',
    request: 'a',
    until: 32,
    ask: {
      content: ['가', { modality: 'audio', rate: 8000, samples: Float32Array.of(0.5, -1) }],
      to: ['image'],
      seed: 7,
    },
  },
  { type: 'credit', request: 'a', until: 64 },
  { type: 'cancel', request: 'a' },
  { type: 'resume', request: 'a', next: 3, until: 35 },
];

describe('messages', () => {
  it('come back as they were sent', () => {
    for (const message of messages) expect(decodeMessage(encodeMessage(message))).toEqual(message);
  });

  it('keep the version in the first key, by hand', () => {
    const bytes = encodeMessage({ type: 'cancel', request: 'a' });
    // map of 3: "v" 1, "type" "cancel", "req" "a"
    expect(Buffer.from(bytes).toString('latin1')).toBe('\x83\xa1v\x01\xa4type\xa6cancel\xa3req\xa1a');
  });

  it('ignore keys they do not know and skip unknown kinds', () => {
    const sent = { v: 1, type: 'credit', req: 'a', until: 1, later: true };
    expect(decodeMessage(encode(sent))).toEqual({ type: 'credit', request: 'a', until: 1 });
    expect(decodeMessage(encode({ ...sent, type: 'pause' }))).toBeUndefined();
  });

  it('refuse other versions, other bytes and numbers that are none', () => {
    const credit = { v: 1, type: 'credit', req: 'a', until: 1 };
    const wrong = [
      { ...credit, v: 2 },
      { ...credit, req: 1 },
      { ...credit, until: -1 },
      { ...credit, until: 1.5 },
      { ...credit, until: '1' },
      { ...credit, type: 'resume' },
      7,
    ];
    for (const bytes of [...wrong.map((one) => encode(one)), Uint8Array.of(0xc1), new Uint8Array()]) {
      expect(() => decodeMessage(bytes)).toThrow(expect.objectContaining({ code: 'FORMAT_UNKNOWN' }));
    }
  });
});
