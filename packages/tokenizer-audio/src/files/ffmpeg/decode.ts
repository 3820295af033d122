/**
 * A sound file of any format → WAV bytes as they come, through ffmpeg. Loudness, rate and channels stay as they are.
 */

import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { AnyToAnyError } from '@any-to-any/core';
import { atExit } from '../at-exit.ts';
import { invalid } from '../check.ts';
import type { ReadableSoundFormat } from '../format.ts';
import type { Source } from '../source.ts';
import { type RunningFfmpeg, startFfmpeg } from './run.ts';

interface Reader {
  /** ffmpeg's name of the format. */
  readonly demuxer: string;
  /** Errors inside end it. Streams that anyone may join late are meant to be read past them. */
  readonly strict: boolean;
  /** What is needed stands at the end: an index, or how much of the last frame is sound. */
  readonly seeks: boolean;
}

const readers: Readonly<Record<ReadableSoundFormat, Reader>> = {
  wav: { demuxer: 'wav', strict: true, seeks: false },
  mp3: { demuxer: 'mp3', strict: false, seeks: true },
  flac: { demuxer: 'flac', strict: true, seeks: false },
  ogg: { demuxer: 'ogg', strict: false, seeks: false },
  mp4: { demuxer: 'mov', strict: true, seeks: true },
  webm: { demuxer: 'matroska', strict: true, seeks: false },
  aac: { demuxer: 'aac', strict: false, seeks: false },
};

export interface DecodeOptions {
  readonly program: string;
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * What `read` makes of the WAV bytes: 32-bit floats, all channels of the first sound in the file.
 * Throws CONTENT_INVALID for a broken file, FFMPEG_FAILED, ABORTED, and what `read` throws.
 */
export async function decodeWithFfmpeg<T>(
  source: Source,
  format: ReadableSoundFormat,
  options: DecodeOptions,
  read: (wav: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const { demuxer, strict, seeks } = readers[format];
  const file = source.path === undefined && seeks ? await temporaryFile(source) : undefined;
  try {
    const path = file?.path ?? (source.path === undefined ? undefined : resolve(source.path));
    // fluent-ffmpeg takes "close" for a reader that has left, and ffmpeg for failed.
    const output = new PassThrough({ emitClose: false });
    const running = await startFfmpeg({
      ...options,
      input: path ?? Readable.from(source.pieces()),
      inputOptions: [...(strict ? ['-xerror'] : []), '-f', demuxer],
      output,
      outputOptions: ['-map', '0:a:0', '-c:a', 'pcm_f32le', '-f', 'wav'],
      stage: 'decode',
    });
    return await drain(running, output, read);
  } catch (error) {
    throw asContentError(error, format);
  } finally {
    await file?.remove();
  }
}

/** Of two failures the one that came first: ffmpeg that dies leaves WAV that is cut off, and a reader that stops kills. */
async function drain<T>(
  { ended, stop }: RunningFfmpeg,
  output: PassThrough,
  read: (wav: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  output.on('error', () => {}); // whoever reads gets it; nobody may read yet
  const failure = ended.catch((error: Error) => {
    output.destroy(error);
    throw error;
  });
  failure.catch(() => {});
  try {
    const result = await read(output);
    await failure;
    return result;
  } catch (error) {
    if (!output.readableEnded)
      stop(AnyToAnyError.is(error) ? error : invalid(String(error), { cause: error }));
    await failure;
    throw error;
  }
}

/** ffmpeg that ends by itself while it reads a file says that the file is broken. 126 and 127 are a shell's, not its. */
function asContentError(error: unknown, format: ReadableSoundFormat): unknown {
  if (!AnyToAnyError.is(error, 'FFMPEG_FAILED')) return error;
  const { exitCode, said } = error.details;
  if (typeof exitCode !== 'number' || exitCode === 126 || exitCode === 127) return error;
  return invalid(`The ${format} file is broken: ${said || error.message}. Give a complete file.`, {
    cause: error,
  });
}

/** For bytes of a format in which ffmpeg has to go back and forth. Only this user can read it. */
async function temporaryFile(source: Source): Promise<{ path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'any-to-any-sound-'));
  const forget = atExit(() => rmSync(folder, { recursive: true, force: true }));
  const remove = async () => {
    forget();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const path = join(folder, 'sound');
    await writeFile(path, source.pieces(), { flag: 'wx', mode: 0o600 });
    return { path, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
