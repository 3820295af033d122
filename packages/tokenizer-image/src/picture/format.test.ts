import { expectCode } from '@any-to-any/core/testing';
import { expect, test } from 'vitest';
import { formatFor, sniffFormat } from './format.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

test('tells the supported formats by their first bytes', () => {
  expect(sniffFormat(bytes('\x89PNG\r\n\x1a\n....'))).toBe('png');
  expect(sniffFormat(bytes('\xff\xd8\xff\xe0'))).toBe('jpeg');
  expect(sniffFormat(bytes('RIFF\x10\0\0\0WEBPVP8L'))).toBe('webp');
  expect(sniffFormat(bytes('GIF89a'))).toBe('gif');
});

test('names foreign formats and calls the rest broken', async () => {
  const svg = ['<svg xmlns="">', '<?xml version="1.0"?><svg/>', '\n  <!DOCTYPE svg>', '\xef\xbb\xbf<svg>'];
  for (const text of ['%PDF-1.7', 'II*\0', '\0\0\0\x1cftypavif', 'BM....', ...svg]) {
    await expectCode(() => sniffFormat(bytes(text)), 'FORMAT_UNKNOWN');
  }
  for (const text of ['hello', 'RIFF\x10\0\0\0WAVEfmt ', '\x89PN', '\0'.repeat(600)]) {
    await expectCode(() => sniffFormat(bytes(text)), 'CONTENT_INVALID');
  }
});

test('takes the format to write from an extension or a name', async () => {
  expect(['out/cat.PNG', 'a.b.jpg', 'x.jpeg', '/tmp/y.webp', 'png'].map(formatFor)).toEqual([
    'png',
    'jpeg',
    'jpeg',
    'webp',
    'png',
  ]);
  for (const path of ['cat', 'cat.gif', 'cat.png.txt', 'constructor', '']) {
    await expectCode(() => formatFor(path), 'FORMAT_UNKNOWN');
  }
});
