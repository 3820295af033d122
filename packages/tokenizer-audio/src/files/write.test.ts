import { execFileSync } from 'node:child_process';
import { link, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { expectCode } from '@any-to-any/core/testing';
import { describe, expect, test } from 'vitest';
import { encodeWithFfmpeg } from './ffmpeg/encode.ts';
import { locateFfmpeg } from './ffmpeg/locate.ts';
import { makeFolder, noFfmpeg, tone } from './files.test.kit.ts';
import { readSound } from './read.ts';
import { encodeWav, wavPieces } from './wav/write.ts';
import { writePieces, writeSound } from './write.ts';

const folder = await makeFolder();
const unix = process.platform !== 'win32';

test('writes the bytes of encodeWav', async () => {
  for (const bits of [undefined, 16, 24, 32] as const) {
    const sound = tone(2, 44_100); // more than one piece
    await writeSound(sound, folder.path('a.wav'), { bits });
    const whole = encodeWav(sound, bits && { bits });
    expect((await readFile(folder.path('a.wav'))).equals(whole)).toBe(true);
  }
});

test('writes a file whole and leaves nothing behind when it cannot', async () => {
  const inner = (name: string) => folder.path(`whole/${name}`);
  await mkdir(inner('taken.wav'), { recursive: true });
  await writeFile(inner('old.wav'), 'old');
  await link(inner('old.wav'), inner('second-name'));
  await writeSound(tone(0.1), inner('old.wav'));
  expect((await readSound(inner('old.wav'))).samples.length).toBe(800);
  // Written in place, the old file itself would have changed.
  expect(await readFile(inner('second-name'), 'utf8')).toBe('old');
  const broken = { ...tone(0.1), samples: Float32Array.of(0, Number.NaN) };
  await expectCode(() => writeSound(broken, inner('old.wav')), 'CONTENT_INVALID');
  for (const path of ['taken.wav', 'no-such-folder/x.wav', 'second-name/x.wav', 'nul\0.wav']) {
    await expectCode(() => writeSound(tone(0.1), inner(path)), 'OPTION_INVALID');
  }
  expect((await readSound(inner('old.wav'))).samples.length).toBe(800);
  expect((await readdir(inner('.'))).sort()).toEqual(['old.wav', 'second-name', 'taken.wav']);
});

test('never replaces what is no file: a device, a pipe', async () => {
  if (!unix) return;
  await symlink('/dev/full', folder.path('full.wav'));
  execFileSync('mkfifo', [folder.path('pipe.wav')]);
  for (const name of ['full.wav', 'pipe.wav']) {
    await expectCode(() => writeSound(tone(0.1), folder.path(name)), 'OPTION_INVALID');
  }
  await expectCode(() => writeSound(tone(0.1), '/dev/full', { format: 'wav' }), 'OPTION_INVALID');
});

/** A limit on the size of a file stands for a full disk: the write after some others fails. */
function writeWithin(blocks: number, name: string): string {
  const write = new URL('../../dist/files/write.js', import.meta.url).href;
  const program = `
    const { writeSound } = await import(${JSON.stringify(write)});
    const samples = Float32Array.from({ length: 400_000 }, (_, i) => Math.sin(i * i));
    await writeSound({ modality: 'audio', rate: 8000, samples }, ${JSON.stringify(folder.path(name))}).then(
      () => console.log('written'),
      (error) => console.log(error.code, error.message),
    );`;
  const limited = `ulimit -f ${blocks}; exec "$0" --input-type=module -e "$1"`;
  return execFileSync('sh', ['-c', limited, process.execPath, program], { encoding: 'utf8' });
}

test('a disk that is full', { timeout: 180_000 }, async () => {
  if (!unix) return;
  expect(writeWithin(1_000_000, 'fits.wav')).toBe('written\n');
  expect(writeWithin(100, 'full-disk.wav')).toMatch(/^OPTION_INVALID .*EFBIG/);
  expect((await folder.names()).filter((name) => /full-disk|partial/.test(name))).toEqual([]);
  const opened = writePieces(wavPieces(tone(0.1), 16), '/dev/full', undefined);
  await expect(opened).rejects.toMatchObject({ code: expect.stringMatching(/EEXIST|ENOSPC/) });
});

test('abort while a WAV file is written', async () => {
  const controller = new AbortController();
  const writing = writeSound(tone(10, 48_000), folder.path('aborted.wav'), { signal: controller.signal });
  controller.abort();
  await expectCode(() => writing, 'ABORTED');
  expect((await folder.names()).filter((name) => name.startsWith('aborted'))).toEqual([]);
});

test('refuses wrong options and content', async () => {
  const path = folder.path('never.wav');
  await expectCode(() => writeSound(tone(0.1), path, { bits: 8 as 16 }), 'OPTION_INVALID');
  await expectCode(() => writeSound(tone(0.1), folder.path('never.mp3'), { bits: 16 }), 'OPTION_INVALID');
  await expectCode(() => writeSound(tone(0.1), folder.path('never.aiff')), 'FORMAT_UNKNOWN');
  await expectCode(() => writeSound({ ...tone(0.1), rate: 0 }, path), 'CONTENT_INVALID');
  await expectCode(() => writeSound(tone(0.1, 768_000), folder.path('never.flac')), 'CONTENT_TOO_LARGE');
  // @ts-expect-error: an unknown option
  await expectCode(() => writeSound(tone(0.1), path, { quality: 1 }), 'OPTION_UNKNOWN');
  expect((await folder.names()).filter((name) => name.startsWith('never'))).toEqual([]);
});

// Starting programs takes seconds where many tests share few cores.
describe.skipIf(noFfmpeg)('needs ffmpeg', { timeout: 180_000 }, () => {
  test.each(['mp3', 'flac', 'ogg', 'opus', 'm4a'])('round trip: .%s', async (format) => {
    const sound = tone(0.5, 16_000);
    const path = folder.path(`-round trip.${format}`);
    await writeFile(path, 'old');
    await writeSound(sound, path);
    const read = await readSound(path);
    expect(read.rate).toBe(format === 'opus' ? 48_000 : 16_000);
    expect(Math.abs(read.samples.length / read.rate - 0.5)).toBeLessThan(0.07);
    const peak = read.samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    expect(Math.abs(peak - 0.5)).toBeLessThan(0.06); // as loud as it was
    if (format === 'flac') {
      sound.samples.forEach((value, i) => {
        expect(Math.abs(read.samples[i]! - value)).toBeLessThan(2 ** -15);
      });
    }
    const first = await readFile(path);
    await writeSound(sound, path);
    expect((await readFile(path)).equals(first)).toBe(true); // the same samples, the same file
  });

  test.each([1000, 22_050, 44_100, 192_000])('every format takes %i Hz', async (rate) => {
    for (const format of ['mp3', 'flac', 'ogg', 'opus', 'm4a'] as const) {
      const path = folder.path(`rate.${format}`);
      await writeSound(tone(0.3, rate), path);
      const read = await readSound(path);
      // ffmpeg 5 cuts up to 256 samples off the end of Vorbis that fits into one page.
      expect(read.samples.length / read.rate, format).toBeGreaterThan(rate === 1000 ? 0.03 : 0.285);
    }
  });

  test('names that are options and addresses to others', async () => {
    const before = process.cwd();
    process.chdir(folder.path('.'));
    try {
      for (const name of ['-y.flac', 'a b%d"\'$(x).flac', 'tcp:x.flac', 'pipe:1.flac', 'file:z.flac']) {
        await writeSound(tone(0.1), name);
        expect((await readSound(name)).samples.length, name).toBe(800);
        expect(await folder.names()).toContain(name);
      }
    } finally {
      process.chdir(before);
    }
  });

  test('broken samples in the middle, abort, a full disk: nothing is left', async () => {
    const broken = tone(10, 48_000);
    broken.samples[400_000] = Number.NaN;
    await expectCode(() => writeSound(broken, folder.path('x.mp3')), 'CONTENT_INVALID');
    await expectCode(
      () => writeSound(tone(1), folder.path('x.mp3'), { signal: AbortSignal.abort() }),
      'ABORTED',
    );
    const controller = new AbortController();
    const writing = writeSound(tone(1), folder.path('x.mp3'), { signal: controller.signal });
    controller.abort();
    await expectCode(() => writing, 'ABORTED');
    if (unix) {
      expect(writeWithin(100, 'x.flac')).toMatch(/^(OPTION_INVALID|FFMPEG_FAILED) /);
      const options = { program: await locateFfmpeg(undefined), timeout: 60, signal: undefined };
      const full = encodeWithFfmpeg(wavPieces(tone(10), 32), '/dev/full', 'flac', options);
      await expectCode(() => full, 'FFMPEG_FAILED');
    }
    expect((await folder.names()).filter((name) => /^x|partial/.test(name))).toEqual([]);
    await writeSound(tone(0.1), folder.path('x.mp3'));
  });
});
