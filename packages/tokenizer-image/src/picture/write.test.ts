import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectCode } from '@any-to-any/core/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filled, fixture, pixelAt } from '../fixtures.test.kit.ts';
import { readImage } from './read.ts';
import { encodeImageFile, writeImage } from './write.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'any-to-any-image-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a PNG comes back as it was, alpha included', async () => {
  const image = await readImage(fixture('alpha.png'));
  const path = join(folder, 'alpha.png');
  await writeImage(image, path);
  expect(await readImage(path)).toEqual(image);
});

test('JPEG lies over white; WebP keeps alpha', async () => {
  const ghost = filled(32, 32, [200, 0, 0, 0]);
  expect(pixelAt(await readImage(await encodeImageFile(ghost, 'jpeg')), 9, 9)).toEqual([255, 255, 255, 255]);
  expect(pixelAt(await readImage(await encodeImageFile(ghost, 'webp')), 9, 9)[3]).toBe(0);
  const red = pixelAt(
    await readImage(await encodeImageFile(filled(32, 32, [200, 30, 30, 255]), 'webp')),
    9,
    9,
  );
  [200, 30, 30, 255].forEach((value, channel) => {
    expect(Math.abs(red[channel]! - value)).toBeLessThanOrEqual(3);
  });
});

test('the format option overrides the extension, and quality makes files smaller', async () => {
  const image = await readImage(fixture('scene.png'));
  const path = join(folder, 'scene.dat');
  await writeImage(image, path, { format: 'jpeg' });
  expect((await readFile(path)).subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]));
  const rough = await encodeImageFile(image, 'jpeg', { quality: 20 });
  expect(rough.length).toBeLessThan((await encodeImageFile(image, 'jpeg')).length);
});

test('replaces a file whole and leaves nothing behind when it cannot', async () => {
  const inner = join(folder, 'whole');
  await mkdir(join(inner, 'taken.png'), { recursive: true });
  await writeFile(join(inner, 'old.png'), 'old');
  await link(join(inner, 'old.png'), join(inner, 'second-name'));
  await writeImage(filled(2, 2, [1, 2, 3, 255]), join(inner, 'old.png'));
  expect(pixelAt(await readImage(join(inner, 'old.png')), 1, 1)).toEqual([1, 2, 3, 255]);
  // Written in place, the old file itself would have changed.
  expect(await readFile(join(inner, 'second-name'), 'utf8')).toBe('old');
  await expectCode(() => writeImage(filled(2, 2, [0, 0, 0, 0]), join(inner, 'taken.png')), 'OPTION_INVALID');
  const nowhere = join(inner, 'no-such-folder', 'x.png');
  await expectCode(() => writeImage(filled(2, 2, [0, 0, 0, 0]), nowhere), 'OPTION_INVALID');
  expect((await readdir(inner)).sort()).toEqual(['old.png', 'second-name', 'taken.png']);
});

test('refuses broken content and wrong options', async () => {
  const image = filled(2, 2, [0, 0, 0, 255]);
  const broken = [
    { ...image, data: image.data.subarray(1) },
    { ...image, width: 0, data: new Uint8Array(0) },
    { ...image, width: Number.NaN },
    { ...image, height: 1.5 },
    { ...image, modality: 'text' as 'image' },
    { ...image, data: [...image.data] as unknown as Uint8Array },
  ];
  for (const content of broken) await expectCode(() => encodeImageFile(content, 'png'), 'CONTENT_INVALID');
  await expectCode(() => encodeImageFile(filled(16_384, 1, [0, 0, 0, 255]), 'webp'), 'CONTENT_TOO_LARGE');
  await expectCode(() => encodeImageFile(image, 'jpeg', { quality: 0 }), 'OPTION_INVALID');
  await expectCode(() => writeImage(image, join(folder, 'x.bmp')), 'FORMAT_UNKNOWN');
  // @ts-expect-error: an unknown option
  await expectCode(() => writeImage(image, join(folder, 'x.png'), { lossless: true }), 'OPTION_UNKNOWN');
});
