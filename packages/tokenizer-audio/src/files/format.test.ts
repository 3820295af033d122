import { readFileSync } from 'node:fs';
import { expectCode } from '@any-to-any/core/testing';
import { expect, test } from 'vitest';
import { fixture } from './files.test.kit.ts';
import { sniffSound, soundFormatFor } from './format.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

test('tells real files by their content', () => {
  const formats = [
    's16.wav',
    'bell.mp3',
    'bell.flac',
    'bell.ogg',
    'bell.opus',
    'bell.m4a',
    'bell.webm',
    'bell.aac',
  ];
  expect(formats.map((name) => sniffSound(readFileSync(fixture(name))))).toEqual([
    'wav',
    'mp3',
    'flac',
    'ogg',
    'ogg',
    'mp4',
    'webm',
    'aac',
  ]);
});

test('looks behind an ID3 tag, whose size has 7 bits a byte', () => {
  const tag = (size: string, ...body: string[]) => bytes(`ID3\x04\0\0${size}${body.join('')}`);
  expect(sniffSound(tag('\0\0\0\x03', 'abc', 'fLaC'))).toBe('flac');
  expect(sniffSound(tag('\0\0\x01\0', 'x'.repeat(128), '\xff\xf1\x50\x80'))).toBe('aac');
  expect(sniffSound(tag('\0\0\0\x03', 'abc', '\xff\xfb\x90\x00'))).toBe('mp3');
  expect(sniffSound(tag('\x7f\x7f\x7f\x7f'))).toBe('mp3');
});

test('names foreign formats and calls the rest broken', async () => {
  const foreign = [
    'FORM\0\0\0\0AIFF',
    'RIFX....WAVE',
    'RF64....WAVE',
    'RIFF....AVI ',
    'RIFF....WEBP',
    '....ftypavif',
    '\x89PNG',
  ];
  for (const text of [...foreign, '#EXTM3U\nhttp://x', 'MThd', '%PDF-1.7']) {
    await expectCode(() => sniffSound(bytes(text)), 'FORMAT_UNKNOWN');
  }
  // The last four: scripts and lists that ffmpeg would follow, text of Windows, an MPEG header with a forbidden rate.
  const broken = [
    'hello',
    '',
    'RIFF',
    'ffconcat version 1.0\nfile x',
    '<MPD>',
    '\xff\xfeh\0i\0',
    '\xff\xfb\x9c\x00',
  ];
  for (const text of broken) await expectCode(() => sniffSound(bytes(text)), 'CONTENT_INVALID');
});

test('takes the format to write from an extension or a name', async () => {
  const paths = ['out/bell.WAV', 'a.b.mp3', 'x.flac', '/tmp/y.ogg', 'z.oga', 'opus', 'q.m4a'];
  expect(paths.map(soundFormatFor)).toEqual(['wav', 'mp3', 'flac', 'ogg', 'ogg', 'opus', 'm4a']);
  for (const path of ['bell', 'bell.aac', 'bell.wav.txt', 'constructor', '']) {
    await expectCode(() => soundFormatFor(path), 'FORMAT_UNKNOWN');
  }
});
