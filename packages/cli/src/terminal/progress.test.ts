import { describe, expect, it } from 'vitest';
import { duration, progressLine, size, summaryLine } from './progress.ts';

describe('progress', () => {
  it('says how much, how fast and how long', () => {
    const amount = { label: 'image', done: 32, total: 64, rate: 85.33, unit: 'ids' };
    expect(progressLine(amount)).toBe('image  32/64 ids · 85.3 ids/s · 0.4 s left');
    expect(progressLine({ ...amount, done: 64 })).toBe('image  64/64 ids · 85.3 ids/s');
    expect(progressLine({ ...amount, total: undefined })).toBe('image  32 ids · 85.3 ids/s');
    expect(progressLine({ ...amount, rate: 0 })).toBe('image  32/64 ids');
    expect(summaryLine({ ...amount, done: 64, rate: 80 })).toBe('image  64 ids in 0.8 s · 80 ids/s');
  });

  it.each([
    [0, '0.0 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.4, '59 s'],
    [59.6, '1 min 00 s'],
    [125, '2 min 05 s'],
    [3 * 3600 + 7 * 60, '3 h 07 min'],
  ])('%d s → %s', (seconds, text) => expect(duration(seconds)).toBe(text));

  it.each([
    [812, '812 bytes'],
    [34_500_000, '34.5 MB'],
    [1_230_000_000, '1.23 GB'],
  ])('%d → %s', (bytes, text) => expect(size(bytes)).toBe(text));
});
