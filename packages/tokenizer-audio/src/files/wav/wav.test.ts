import { readFileSync } from 'node:fs';
import { AnyToAnyError } from '@any-to-any/core';
import { expectCode } from '@any-to-any/core/testing';
import { expect, test } from 'vitest';
import { fixture, format, golden, riff, tone } from '../files.test.kit.ts';
import { readSound } from '../read.ts';
import { encodeWav } from './write.ts';

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const shorts = (...values: number[]): Uint8Array => new Uint8Array(Int16Array.from(values).buffer);

test.each(Object.entries(golden))('%s.wav is what SciPy reads, averaged', async (name, expected) => {
  const { samples, rate, modality } = await readSound(fixture(`${name}.wav`));
  expect([modality, rate]).toEqual(['audio', name === 'fast' ? 192_000 : 8000]);
  expect(samples.length).toBe(name === 'eight' ? 200 : 400);
  expected.forEach((value, i) => {
    expect(samples[i]).toBeCloseTo(value, 7);
  });
  expect(Math.max(...samples)).toBeGreaterThan(0.2);
});

test('by hand: two channels of 16 bits', async () => {
  const file = riff(format(1, 2, 100, 16), ['data', shorts(16384, -16384, -32768, -32768, 32767, 0)]);
  expect(await readSound(file)).toEqual({
    modality: 'audio',
    rate: 100,
    samples: Float32Array.of(0, -1, 32767 / 65536),
  });
});

test('by hand: what is written', () => {
  const sound = { modality: 'audio', rate: 8000, samples: Float32Array.of(0, 1, -2) } as const;
  expect(Buffer.from(encodeWav(sound)).toString('hex')).toBe(
    `${Buffer.from('RIFF').toString('hex')}2a000000${Buffer.from('WAVEfmt ').toString('hex')}10000000` +
      `01000100401f0000803e000002001000${Buffer.from('data').toString('hex')}060000000000ff7f0080`,
  );
  const three = encodeWav(sound, { bits: 24 });
  expect([three.length, three.at(-1)]).toEqual([44 + 9 + 1, 0]); // filled up to an even length
});

test.each([16, 24, 32] as const)('round trip of %i bits', async (bits) => {
  const sound = tone(0.05);
  const read = await readSound(encodeWav(sound, { bits }));
  const step = bits === 32 ? 0 : 2 ** -(bits - 1);
  sound.samples.forEach((value, i) => {
    expect(Math.abs(read.samples[i]! - value)).toBeLessThanOrEqual(step / 2);
  });
  // What has been rounded once stays.
  expect(await readSound(encodeWav(read, { bits }))).toEqual(read);
});

test('skips chunks it does not know, also of odd length and behind the samples', async () => {
  const file = riff(
    ['LIST', Buffer.from('INFOodd')],
    format(1, 1, 8000, 16),
    ['fact', Buffer.alloc(4)],
    ['JUNK', Buffer.alloc(70_001)],
    ['data', shorts(1, 2, 3)],
    ['LIST', Buffer.from('data')],
  );
  const { samples } = await readSound(file);
  expect([...samples]).toEqual([1, 2, 3].map((value) => value / 32768));
});

test.each([0, 0xffffffff, 0x7ffff000, 0x80000000])('a stream whose size says %i', async (size) => {
  const file = riff(format(1, 1, 8000, 16), ['data', shorts(1, 2, 3), size]);
  // A writer that cannot go back has left the outer size too.
  new DataView(file.buffer).setUint32(4, size === 0 ? 36 : 0xffffffff, true);
  expect((await readSound(file)).samples.length).toBe(3);
  // The last sample is not complete.
  expect((await readSound(file.slice(0, -1))).samples.length).toBe(2);
});

test.each([1, 768_000])('%i Hz', async (rate) => {
  const sound = { ...tone(0.01), rate };
  expect((await readSound(encodeWav(sound))).rate).toBe(rate);
  for (const wrong of [0, 768_001, 0.5, Number.NaN]) {
    await expectCode(() => encodeWav({ ...sound, rate: wrong }), 'CONTENT_INVALID');
  }
  await expectCode(() => readSound(riff(format(1, 1, 768_001, 16), ['data', shorts(1)])), 'CONTENT_INVALID');
});

test('brings sound to another rate, clipped', async () => {
  const square = Float32Array.from({ length: 4410 }, (_, i) => (i % 40 < 20 ? 1 : -1));
  const file = encodeWav({ modality: 'audio', rate: 44_100, samples: square });
  const { samples, rate } = await readSound(file, { rate: 16_000 });
  expect([rate, samples.length]).toEqual([16_000, 1600]);
  expect(Math.max(...samples)).toBe(1);
  const low = encodeWav({ modality: 'audio', rate: 10, samples: square });
  await expectCode(() => readSound(low, { rate: 16_000 }), 'CONTENT_INVALID');
  expect((await readSound(low)).rate).toBe(10);
});

test('clips floats beyond −1…1, and refuses what is no number', async () => {
  const float = (...values: number[]) => riff(format(3, 1, 8000, 32), ['data', floats(...values)]);
  expect([...(await readSound(float(3, -3, 0.5))).samples]).toEqual([1, -1, 0.5]);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    await expectCode(() => readSound(float(0, value)), 'CONTENT_INVALID');
    const samples = Float32Array.of(0, value);
    await expectCode(() => encodeWav({ modality: 'audio', rate: 8000, samples }), 'CONTENT_INVALID');
  }
});

test('refuses what is empty, cut off or contradicts itself', async () => {
  const whole = readFileSync(fixture('s16.wav'));
  const fmt = format(1, 1, 8000, 16);
  const broken: [string, Uint8Array][] = [
    ['0 bytes', new Uint8Array(0)],
    ['RIFF alone', whole.subarray(0, 12)],
    ['header only', whole.subarray(0, 44)],
    ['cut in its format', whole.subarray(0, 25)],
    ['cut in its samples', whole.subarray(0, 500)],
    ['no samples', riff(fmt, ['data', new Uint8Array(0)], ['LIST', Buffer.alloc(40)])],
    ['an empty stream', riff(fmt, ['data', new Uint8Array(0)])],
    ['samples before their format', riff(['data', shorts(1, 2)], fmt)],
    ['no chunk of samples', riff(fmt)],
    ['a chunk of 4 GiB', riff(fmt, ['LIST', Buffer.alloc(4), 0xfffffff0], ['data', shorts(1)])],
    ['no channels', riff(format(1, 0, 8000, 16), ['data', shorts(1)])],
    ['no rate', riff(format(1, 1, 0, 16), ['data', shorts(1)])],
    ['40 bits', riff(format(1, 1, 8000, 40), ['data', shorts(1, 2, 3, 4, 5)])],
    ['floats of 16 bits', riff(format(3, 1, 8000, 16), ['data', shorts(1)])],
    ['a format of 4 bytes', riff(['fmt ', Buffer.alloc(4)], ['data', shorts(1)])],
    ['less than one frame', riff(format(1, 2, 8000, 16), ['data', shorts(1)])],
  ];
  for (const [what, bytes] of broken) {
    const error: unknown = await readSound(bytes).catch((cause: unknown) => cause);
    expect(AnyToAnyError.is(error) ? error.code : error, what).toBe('CONTENT_INVALID');
  }
});

test('three hours are refused by the header alone', async () => {
  const hours = 3 * 3600 * 48_000 * 2;
  const file = riff(format(1, 1, 48_000, 16), ['data', shorts(1), hours]);
  const before = process.memoryUsage().rss;
  await expectCode(() => readSound(file), 'CONTENT_TOO_LARGE');
  expect(process.memoryUsage().rss - before).toBeLessThan(100e6); // decoded it would be 2 GB
});

test('keeps to the limits it is given', async () => {
  const file = encodeWav(tone(1));
  await expectCode(() => readSound(file, { seconds: 0.999 }), 'CONTENT_TOO_LARGE');
  await readSound(file, { seconds: 1 });
  const stream = file.slice();
  new DataView(stream.buffer).setUint32(40, 0xffffffff, true);
  await expectCode(() => readSound(stream, { seconds: 0.999 }), 'CONTENT_TOO_LARGE');
  await readSound(stream, { seconds: 1 });
  await expectCode(() => readSound(file, { bytes: file.length - 1 }), 'CONTENT_TOO_LARGE');
  await readSound(file, { bytes: file.length });
  for (const options of [
    { rate: 12.5 },
    { seconds: 0 },
    { bytes: Number.NaN },
    { timeout: -1 },
    { timeout: 1e9 },
  ]) {
    await expectCode(() => readSound(file, options), 'OPTION_INVALID');
  }
  // @ts-expect-error: an unknown option
  await expectCode(() => readSound(file, { minutes: 1 }), 'OPTION_UNKNOWN');
});

test('refuses broken content to write', async () => {
  const sound = tone(0.01);
  const broken = [
    { ...sound, samples: new Float32Array(0) },
    { ...sound, samples: [0, 1] as unknown as Float32Array },
    { ...sound, modality: 'image' as 'audio' },
    undefined as unknown as typeof sound,
  ];
  for (const content of broken) await expectCode(() => encodeWav(content), 'CONTENT_INVALID');
});
