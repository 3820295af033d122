import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { ImageContent } from '@any-to-any/core';
import { expectCode } from '@any-to-any/core/testing';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { fixture, pixelAt } from '../fixtures.test.kit.ts';
import { readImage } from './read.ts';

/** Red on the left, blue on the right, the top left 8 × 8 white; JPEG may differ by a few levels. */
function expectCorner(image: ImageContent, tolerance: number, turned = false): void {
  const at = (x: number, y: number) => (turned ? pixelAt(image, 15 - y, x) : pixelAt(image, x, y));
  expect([image.width, image.height]).toEqual(turned ? [16, 24] : [24, 16]);
  for (const [x, y, colour] of [
    [2, 2, [255, 255, 255, 255]],
    [4, 13, [255, 0, 0, 255]],
    [20, 4, [0, 0, 255, 255]],
  ] as const) {
    at(x, y).forEach((value, channel) => {
      expect(Math.abs(value - colour[channel]!), `${x},${y}`).toBeLessThanOrEqual(tolerance);
    });
  }
}

test('reads a PNG from a path and from bytes, exactly', async () => {
  const image = await readImage(fixture('plain.png'));
  expectCorner(image, 0);
  expect(image.data.length).toBe(24 * 16 * 4);
  expect(await readImage(new Uint8Array(readFileSync(fixture('plain.png'))))).toEqual(image);
});

test('turns a JPEG upright as its EXIF orientation 6 says', async () => {
  expectCorner(await readImage(fixture('orientation-6.jpg')), 4, true);
});

test('turns CMYK into sRGB', async () => {
  const image = await readImage(fixture('cmyk.jpg'));
  const [red, green, blue] = pixelAt(image, 4, 13);
  expect(red).toBeGreaterThan(200);
  expect(green).toBeLessThan(60);
  expect(blue).toBeLessThan(60);
  expect(pixelAt(image, 2, 2)).toEqual([255, 255, 255, 255]);
});

test('turns an embedded profile into sRGB', async () => {
  const background = { r: 250, g: 40, b: 60 };
  const wide = await sharp({ create: { width: 4, height: 4, channels: 3, background } })
    .withIccProfile('p3')
    .png()
    .toBuffer();
  const stored = [...(await sharp(wide, { ignoreIcc: true }).raw().toBuffer())].slice(0, 3);
  expect(stored).not.toEqual([250, 40, 60]);
  const read = pixelAt(await readImage(wide), 1, 1);
  [250, 40, 60, 255].forEach((value, channel) => {
    expect(Math.abs(read[channel]! - value)).toBeLessThanOrEqual(2);
  });
});

test('keeps straight alpha, also under transparent pixels', async () => {
  for (const name of ['alpha.png', 'alpha.webp']) {
    const image = await readImage(fixture(name));
    expect(pixelAt(image, 2, 0)).toEqual([160, 0, 9, 34]);
    expect(pixelAt(image, 0, 3)).toEqual([0, 240, 9, 204]);
  }
});

test('brings 16 bits to 8 and grey to RGBA', async () => {
  const deep = await readImage(fixture('grey-16.png'));
  expect([0, 1, 2, 3].map((x) => pixelAt(deep, x, 0))).toEqual(
    [0, 85, 170, 255].map((grey) => [grey, grey, grey, 255]),
  );
  const samples = new Uint16Array([65535, 32768, 0, 257 * 200, 257 * 100, 0]);
  const rgb = sharp(samples, { raw: { width: 2, height: 1, channels: 3 } })
    .toColourspace('rgb16')
    .png();
  expect([...(await readImage(await rgb.toBuffer())).data]).toEqual([255, 128, 0, 255, 200, 100, 0, 255]);
  expect(pixelAt(await readImage(fixture('grey.png')), 1, 0)).toEqual([100, 100, 100, 255]);
});

test('takes the first frame of an animation', async () => {
  for (const name of ['animated.gif', 'animated.webp']) {
    const image = await readImage(fixture(name));
    expect([image.width, image.height, ...pixelAt(image, 5, 4)]).toEqual([6, 5, 255, 0, 0, 255]);
  }
});

test('refuses what is empty, cut off, garbage or missing', async () => {
  const whole = readFileSync(fixture('scene.png'));
  const jpeg = readFileSync(fixture('orientation-6.jpg'));
  const broken = [
    new Uint8Array(0),
    whole.subarray(0, 30),
    whole.subarray(0, whole.length >> 1),
    jpeg.subarray(0, jpeg.length - 40),
    readFileSync(fixture('alpha.webp')).subarray(0, 40),
    Uint8Array.from({ length: 5000 }, (_, index) => (index * 7919) % 251),
  ];
  for (const bytes of broken) await expectCode(() => readImage(bytes), 'CONTENT_INVALID');
  for (const path of ['no-such-file.png', fixture(''), 'https://example.org/cat.png', '/dev/zero']) {
    await expectCode(() => readImage(path), 'CONTENT_INVALID');
  }
  // @ts-expect-error: callers without types
  await expectCode(() => readImage(42), 'CONTENT_INVALID');
  expectCorner(await readImage(fixture('plain.png')), 0);
});

test('refuses other formats by name', async () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>';
  await expectCode(() => readImage(Buffer.from(svg)), 'FORMAT_UNKNOWN');
  await expectCode(() => readImage(Buffer.from('%PDF-1.4\n')), 'FORMAT_UNKNOWN');
});

test('refuses 100 megapixels by the header alone', async () => {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const around = Buffer.alloc(8);
    around.writeUInt32BE(data.length, 0);
    around.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([around.subarray(0, 4), body, around.subarray(4)]);
  };
  const header = Buffer.from([0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10, 8, 6, 0, 0, 0]); // 10 000 × 10 000 RGBA
  const file = Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', Buffer.alloc(0)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
  const before = process.memoryUsage().rss;
  await expectCode(() => readImage(file), 'CONTENT_TOO_LARGE');
  expect(process.memoryUsage().rss - before).toBeLessThan(100e6); // decoded it would be 400 MB
});

test('keeps to the limits it is given', async () => {
  await expectCode(() => readImage(fixture('plain.png'), { pixels: 24 * 16 - 1 }), 'CONTENT_TOO_LARGE');
  await readImage(fixture('plain.png'), { pixels: 24 * 16 });
  const bytes = readFileSync(fixture('plain.png'));
  await expectCode(() => readImage(fixture('plain.png'), { bytes: bytes.length - 1 }), 'CONTENT_TOO_LARGE');
  await expectCode(() => readImage(bytes, { bytes: bytes.length - 1 }), 'CONTENT_TOO_LARGE');
  await readImage(bytes, { bytes: bytes.length });
  await expectCode(() => readImage(bytes, { pixels: Number.NaN }), 'OPTION_INVALID');
  // @ts-expect-error: an unknown option
  await expectCode(() => readImage(bytes, { megapixels: 1 }), 'OPTION_UNKNOWN');
});
