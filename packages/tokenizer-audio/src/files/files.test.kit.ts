/** What the tests of sound files share: fixtures, sounds, a folder that must end up clean, and programs that play ffmpeg. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SoundContent } from '@any-to-any/core';
import { afterAll } from 'vitest';

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/files/${name}`, import.meta.url));
}

/** The first samples of each plain file, as SciPy reads them. */
export const golden: Readonly<Record<string, readonly number[]>> = JSON.parse(
  readFileSync(fixture('golden.json'), 'utf8'),
);

/** For `describe.skipIf`: continuous integration installs it; elsewhere every test that needs it is named as skipped. */
export const noFfmpeg = spawnSync('ffmpeg', ['-version']).status !== 0;

/** A sine of 440 Hz, half of full scale. */
export function tone(seconds: number, rate = 8000): SoundContent {
  const samples = new Float32Array(Math.round(seconds * rate));
  for (let i = 0; i < samples.length; i++) samples[i] = 0.5 * Math.sin((2 * Math.PI * 440 * i) / rate);
  return { modality: 'audio', rate, samples };
}

export interface Folder {
  path(name: string): string;
  /** Names of what is there, sorted. */
  names(): Promise<string[]>;
}

/** A folder that is removed after the last test of the file. */
export async function makeFolder(): Promise<Folder> {
  const folder = await mkdtemp(join(tmpdir(), 'any-to-any-files-'));
  afterAll(() => rm(folder, { recursive: true }));
  return { path: (name) => join(folder, name), names: async () => (await readdir(folder)).sort() };
}

/** Makes a folder the system's place for temporary files, for this process, and lists what is in it. */
export async function watchTemporary(): Promise<() => Promise<string[]>> {
  const { path, names } = await makeFolder();
  process.env['TMPDIR'] = path('.');
  return names;
}

/** A program that stands in for ffmpeg: a shell script. */
export async function script(path: string, body: string): Promise<string> {
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

/** Whether a process is there. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A WAV file by hand: chunks as given, in order. */
export function riff(
  ...chunks: readonly (readonly [id: string, data: Uint8Array, size?: number])[]
): Uint8Array {
  const parts = chunks.map(([id, data, size = data.length]) => {
    const head = Buffer.alloc(8);
    head.write(id, 0, 'latin1');
    head.writeUInt32LE(size, 4);
    return Buffer.concat([head, data, Buffer.alloc(data.length & 1)]);
  });
  const body = Buffer.concat([Buffer.from('WAVE'), ...parts]);
  const head = Buffer.from('RIFF\0\0\0\0');
  head.writeUInt32LE(body.length, 4);
  return new Uint8Array(Buffer.concat([head, body]));
}

/** A `fmt ` chunk: format 1 is whole numbers, 3 floats. */
export function format(tag: number, channels: number, rate: number, bits: number): [string, Uint8Array] {
  const data = Buffer.alloc(16);
  data.writeUInt16LE(tag, 0);
  data.writeUInt16LE(channels, 2);
  data.writeUInt32LE(rate, 4);
  data.writeUInt32LE((rate * channels * bits) / 8, 8);
  data.writeUInt16LE((channels * bits) / 8, 12);
  data.writeUInt16LE(bits, 14);
  return ['fmt ', data];
}
