/**
 * Moments of a picture → a contact sheet (PNG) and an animation (WebP) in which blur becomes sharp. Labels are drawn
 * from the small letters below, so no font has to be there.
 */
import type { ImageContent } from '@any-to-any/core';
import { writeImage } from '@any-to-any/tokenizer-image';
import sharp from 'sharp';
import type { Moment } from './moments.ts';

/** Seven rows of five dots from the top, each a digit of base 32: v is █████, g is █····. */
const letters: Readonly<Record<string, string>> = {
  '0': 'ehjlphe',
  '1': '4c4444e',
  '2': 'eh1248v',
  '3': 'v2421he',
  '4': '26aiv22',
  '5': 'vgu11he',
  '6': '68guhhe',
  '7': 'v124888',
  '8': 'ehhehhe',
  '9': 'ehhf12c',
  '.': '0000066',
  σ: '00fihhe',
  m: '00qllll',
  s: '00fge1u',
  ' ': '0000000',
};
/** Pixels: a dot of a letter, the space between pictures, a label. */
const dot = 2;
const gap = 8;
const labelHeight = 10 * dot;

/** Rows of four, each with its time and the noise that is left. */
export async function writeContactSheet(moments: readonly Moment[], path: string): Promise<void> {
  const columns = 4;
  const { width, height } = moments[0]!.picture;
  const [across, down] = [width + gap, height + labelHeight + gap];
  const sheet = blank(columns * across + gap, Math.ceil(moments.length / columns) * down + gap);
  for (const [i, { picture, at, sigma }] of moments.entries()) {
    const [left, top] = [gap + (i % columns) * across, gap + Math.floor(i / columns) * down];
    write(sheet, `${at.toFixed(0)} ms  σ ${sigma.toFixed(2)}`, left, top);
    paste(sheet, picture, left, top + labelHeight);
  }
  await writeImage(sheet, path);
}

/** At the pace at which the patches came, then a while of the finished picture, again and again. */
export async function writeAnimation(moments: readonly Moment[], path: string): Promise<void> {
  const { width, height } = moments[0]!.picture;
  const frames = Buffer.concat(moments.map(({ picture }) => picture.data));
  const delay = moments.map(({ at }, i) => Math.max(20, Math.round((moments[i + 1]?.at ?? at + 1500) - at)));
  const raw = { width, height: height * moments.length, pageHeight: height, channels: 4 } as const;
  await sharp(frames, { raw }).webp({ quality: 85, delay, loop: 0 }).toFile(path);
}

function blank(width: number, height: number): ImageContent {
  return { modality: 'image', width, height, data: new Uint8Array(width * height * 4).fill(255) };
}

function paste(onto: ImageContent, { width, height, data }: ImageContent, left: number, top: number): void {
  for (let y = 0; y < height; y++) {
    const from = y * width * 4;
    onto.data.set(data.subarray(from, from + width * 4), ((top + y) * onto.width + left) * 4);
  }
}

function write(onto: ImageContent, text: string, left: number, top: number): void {
  for (const [place, letter] of [...text].entries()) {
    for (const [row, bits] of [...(letters[letter] ?? '')].entries()) {
      for (let column = 0; column < 5; column++) {
        if ((Number.parseInt(bits, 32) & (16 >> column)) === 0) continue;
        const square = { ...blank(dot, dot), data: new Uint8Array(dot * dot * 4).fill(60) };
        for (let i = 3; i < square.data.length; i += 4) square.data[i] = 255;
        paste(onto, square, left + (6 * place + column) * dot, top + row * dot);
      }
    }
  }
}
