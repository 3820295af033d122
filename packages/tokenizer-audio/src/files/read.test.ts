/** Files from a path or bytes, through ffmpeg where they are not WAV. `wav/wav.test.ts` has what is inside of WAV. */
import { execFileSync } from 'node:child_process';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import type { SoundContent } from '@any-to-any/core';
import { expectCode } from '@any-to-any/core/testing';
import { describe, expect, test } from 'vitest';
import { fixture, makeFolder, noFfmpeg, tone, watchTemporary } from './files.test.kit.ts';
import { readSound } from './read.ts';
import { encodeWav } from './wav/write.ts';

const folder = await makeFolder();
const temporaryFolders = await watchTemporary();

/** How much of it is one frequency, 0…1: the length of its projection on sine and cosine, by its own length. */
function share({ samples, rate }: SoundContent, frequency: number): number {
  let [real, imaginary, power] = [0, 0, 0];
  for (let i = 0; i < samples.length; i++) {
    const angle = (2 * Math.PI * frequency * i) / rate;
    real += samples[i]! * Math.cos(angle);
    imaginary += samples[i]! * Math.sin(angle);
    power += samples[i]! ** 2;
  }
  return (2 * (real ** 2 + imaginary ** 2)) / (samples.length * power);
}

const compressed = [
  'bell.mp3',
  'bell.flac',
  'bell.ogg',
  'bell.opus',
  'bell.m4a',
  'bell.webm',
  'bell.aac',
  'mu-law.wav',
];

// Starting programs takes seconds where many tests share few cores.
describe.skipIf(noFfmpeg)('needs ffmpeg', { timeout: 180_000 }, () => {
  test.each(compressed)('%s: a quarter of a second, both channels, as loud as it was', async (name) => {
    const fromPath = await readSound(fixture(name));
    expect(fromPath.rate).toBe(/opus|webm/.test(name) ? 48_000 : 8000);
    expect(fromPath.samples.length / fromPath.rate).toBeGreaterThanOrEqual(0.249);
    expect(fromPath.samples.length / fromPath.rate).toBeLessThan(0.52); // AAC without a container has no exact length
    // The mean of 0.5 at 440 Hz on the left and 0.25 at 880 Hz on the right: power 4 : 1, up to 0.375 high.
    const middle = { ...fromPath, samples: fromPath.samples.subarray(0, fromPath.rate / 4) };
    expect(share(middle, 440)).toBeGreaterThan(name === 'bell.aac' ? 0.3 : 0.7);
    if (!/aac|mp3/.test(name)) expect(share(middle, 880)).toBeGreaterThan(0.15);
    const peak = Math.max(...fromPath.samples);
    expect(peak).toBeGreaterThan(0.25);
    expect(peak).toBeLessThan(0.45);
    const fromBytes = await readSound(await readFile(fixture(name)));
    expect(Buffer.from(fromBytes.samples.buffer).equals(Buffer.from(fromPath.samples.buffer))).toBe(true);
    expect(await temporaryFolders()).toEqual([]);
  });

  test('flac is exact', async () => {
    const { samples } = await readSound(fixture('bell.flac'));
    const plain = await readSound(fixture('s16.wav'));
    expect(samples.subarray(0, 400)).toEqual(plain.samples);
  });

  test('the rate that is asked for', async () => {
    const { rate, samples } = await readSound(fixture('bell.flac'), { rate: 16_000 });
    expect([rate, samples.length]).toEqual([16_000, 4000]);
  });

  test('a wrong extension, and names that are options, patterns and addresses to others', async () => {
    const flac = await readFile(fixture('bell.flac'));
    const names = [
      'bell.mp3',
      '-i.flac',
      '-y',
      'a b%d*.flac',
      'q\'uote"$(touch x);&|.flac',
      'http:x.flac',
      'file:y',
    ];
    const before = process.cwd();
    process.chdir(folder.path('.'));
    try {
      for (const name of [...names, 'concat:a|b', 'data:text,x', '경적\n.flac']) {
        await writeFile(name, flac);
        expect((await readSound(name)).samples.length, name).toBe(2000);
      }
    } finally {
      process.chdir(before);
    }
    expect(await folder.names()).not.toContain('x');
  });

  test('a cut file, noise behind a signature, a container without sound', async () => {
    for (const name of ['bell.flac', 'bell.m4a', 'bell.aac']) {
      const whole = await readFile(fixture(name));
      const cut = whole.subarray(0, name === 'bell.aac' ? 40 : whole.length * 0.6);
      await expectCode(() => readSound(cut), 'CONTENT_INVALID');
    }
    const noise = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * i * 31) % 251));
    for (const signature of [
      'fLaC',
      'OggS',
      '\x1a\x45\xdf\xa3',
      'ID3\x04\0\0\0\0\0\0',
      '\0\0\0\x1cftypM4A ',
    ]) {
      await expectCode(
        () => readSound(Buffer.concat([Buffer.from(signature, 'latin1'), noise])),
        'CONTENT_INVALID',
      );
    }
    const picture = folder.path('silent.webm');
    const film = ['-f', 'lavfi', '-i', 'color=size=16x16:duration=0.1', '-c:v', 'libvpx', picture];
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...film]);
    await expectCode(() => readSound(picture), 'CONTENT_INVALID');
    expect((await readSound(fixture('bell.flac'))).samples.length).toBe(2000);
  });

  test('a long file behind a small size is stopped while it comes', async () => {
    // Silence: one minute of FLAC in a few kilobytes.
    const path = folder.path('silence.flac');
    const silence = ['-f', 'lavfi', '-i', 'anullsrc=r=8000:cl=mono', '-t', '60', path];
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...silence]);
    await expectCode(() => readSound(path, { seconds: 5 }), 'CONTENT_TOO_LARGE');
    expect((await readSound(path)).samples.length).toBe(480_000);
  });

  test('abort before and while it reads', async () => {
    await expectCode(() => readSound(fixture('bell.mp3'), { signal: AbortSignal.abort() }), 'ABORTED');
    const controller = new AbortController();
    const reading = readSound(await readFile(fixture('bell.m4a')), { signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    await expectCode(() => reading, 'ABORTED');
    expect(await temporaryFolders()).toEqual([]);
  });
});

test('what is no sound, and what is no file', async () => {
  await writeFile(folder.path('text.wav'), 'just words\n');
  await writeFile(folder.path('empty.mp3'), '');
  await mkdir(folder.path('folder.wav'));
  for (const name of ['text.wav', 'empty.mp3', 'folder.wav', 'none.wav', 'nul\0.wav', '']) {
    await expectCode(() => readSound(name && folder.path(name)), 'CONTENT_INVALID');
  }
  await expectCode(() => readSound('http://localhost/bell.mp3'), 'CONTENT_INVALID');
  // @ts-expect-error: callers without types
  await expectCode(() => readSound(42), 'CONTENT_INVALID');
  if (process.platform !== 'win32') {
    await expectCode(() => readSound('/dev/zero'), 'CONTENT_INVALID');
    execFileSync('mkfifo', [folder.path('pipe.wav')]);
    await expectCode(() => readSound(folder.path('pipe.wav')), 'CONTENT_INVALID');
  }
});

test('three hours are not read: a file of 2 GB that takes no room', async () => {
  const path = folder.path('sparse.wav');
  const header = Buffer.from(encodeWav(tone(0.01, 48_000))).subarray(0, 44);
  const bytes = 3 * 3600 * 48_000 * 2;
  header.writeUInt32LE(bytes, 40);
  const file = await open(path, 'w');
  await file.write(header);
  await file.truncate(44 + bytes);
  await file.close();
  const began = performance.now();
  await expectCode(() => readSound(path), 'CONTENT_TOO_LARGE');
  await expectCode(() => readSound(path, { bytes: 4e9 }), 'CONTENT_TOO_LARGE');
  expect(performance.now() - began).toBeLessThan(2000);
});

test('abort while a WAV file is read', async () => {
  const file = encodeWav(tone(10, 48_000)); // four pieces
  const controller = new AbortController();
  const reading = readSound(file, { signal: controller.signal });
  controller.abort(new Error('enough'));
  await expectCode(() => reading, 'ABORTED');
  expect((await readSound(file)).samples.length).toBe(480_000);
});
