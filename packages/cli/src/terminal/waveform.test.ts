import { describe, expect, it } from 'vitest';
import { createWaveform } from './waveform.ts';

/** 20 ms a level at 1 kHz: one bar each. */
const hum = (...levels: number[]) =>
  ({
    modality: 'audio',
    rate: 1000,
    samples: Float32Array.from(levels.flatMap((level) => Array<number>(20).fill(level))),
  }) as const;

describe('waveform', () => {
  it('shows each doubling as a step, by hand', () => {
    const waveform = createWaveform();
    waveform.add(hum(0, 0.004, 0.01, 0.02, 0.04, 0.1, 0.2, 0.3, 0.6, 1, -1));
    // log2 of them: −∞, −8, −6.6, −5.6, −4.6, −3.3, −2.3, −1.7, −0.7, 0, 0
    expect(waveform.line(80)).toBe('▁▁▂▃▄▅▆▇███');
    expect(waveform.seconds).toBeCloseTo(0.22);
  });

  it('is the same however the samples come', () => {
    const [whole, pieces] = [createWaveform(), createWaveform()];
    const sound = hum(0, 1, 0.1, 0.5, 0.02);
    whole.add(sound);
    for (let at = 0; at < sound.samples.length; at += 7)
      pieces.add({ ...sound, samples: sound.samples.subarray(at, at + 7) });
    expect(pieces.line(80)).toBe(whole.line(80));
    expect(whole.line(80)).toBe('▁█▅█▃');
  });

  it('fits its width by joining neighbours', () => {
    const waveform = createWaveform();
    expect(waveform.line(8)).toBe('');
    waveform.add(hum(0, 0, 0, 1, 0));
    expect([5, 4, 2, 1, 0].map((width) => waveform.line(width))).toEqual(['▁▁▁█▁', '▁█▁', '█▁', '█', '█']);
  });

  it('keeps time at any rate', () => {
    for (const rate of [8000, 16_000, 44_100]) {
      const waveform = createWaveform();
      const samples = new Float32Array(rate / 10).fill(1);
      for (let tenth = 0; tenth < 30; tenth++) waveform.add({ modality: 'audio', rate, samples });
      expect(waveform.line(1000)).toBe('█'.repeat(150));
    }
  });
});
