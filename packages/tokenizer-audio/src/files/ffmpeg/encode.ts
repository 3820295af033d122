/**
 * WAV bytes → a file of another format, through ffmpeg. Loudness stays as it is, and the same samples give the same
 * file: no dates, no names of programs, no random numbers.
 */
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { AnyToAnyError } from '@any-to-any/core';
import { invalid } from '../check.ts';
import type { SoundFormat } from '../format.ts';
import { startFfmpeg } from './run.ts';

interface Writer {
  readonly muxer: string;
  readonly codec: readonly string[];
  /** Most Hz the codec holds. Others are brought to a rate of theirs by ffmpeg: MP3, Opus (always 48 kHz) and AAC. */
  readonly fastest?: number;
}

const writers: Readonly<Record<Exclude<SoundFormat, 'wav'>, Writer>> = {
  mp3: { muxer: 'mp3', codec: ['-c:a', 'libmp3lame', '-q:a', '2'] },
  flac: { muxer: 'flac', codec: ['-c:a', 'flac', '-sample_fmt', 's16'], fastest: 384_000 },
  ogg: { muxer: 'ogg', codec: ['-c:a', 'libvorbis', '-q:a', '6'], fastest: 192_000 },
  opus: { muxer: 'opus', codec: ['-c:a', 'libopus', '-b:a', '96k'] },
  m4a: { muxer: 'ipod', codec: ['-c:a', 'aac', '-b:a', '128k', '-movflags', '+faststart'] },
};

const reproducible = ['-map_metadata', '-1', '-fflags', '+bitexact', '-flags:a', '+bitexact'];

export interface EncodeOptions {
  readonly program: string;
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** CONTENT_TOO_LARGE unless the format can hold samples of this rate. */
export function checkCodecRate(format: SoundFormat, rate: number): void {
  const most = format === 'wav' ? undefined : writers[format].fastest;
  if (most === undefined || rate <= most) return;
  throw new AnyToAnyError(
    'CONTENT_TOO_LARGE',
    `A ${format} file holds up to ${most} Hz, got ${rate}. Write a WAV file or give a lower rate.`,
    { rate, format },
  );
}

/**
 * Writes to `path`, an absolute one where nothing stands yet, and may leave half a file there when it fails.
 * Throws what `wav` throws, FFMPEG_FAILED, ABORTED.
 */
export async function encodeWithFfmpeg(
  wav: AsyncIterable<Uint8Array>,
  path: string,
  format: Exclude<SoundFormat, 'wav'>,
  options: EncodeOptions,
): Promise<void> {
  const { muxer, codec } = writers[format];
  const running = await startFfmpeg({
    ...options,
    input: Readable.from(wav),
    inputOptions: ['-f', 'wav'],
    output: path,
    outputOptions: [...codec, ...reproducible, '-f', muxer],
    stage: 'encode',
  });
  await running.ended;
  const written = await stat(path).catch(() => undefined);
  if (!written) {
    throw new AnyToAnyError('FFMPEG_FAILED', `ffmpeg ended well and wrote nothing. Check the program.`, {
      stage: 'encode',
    });
  }
  if (written.size === 0) {
    throw invalid(`The sound is too short for a ${format} file. Write a WAV file.`);
  }
}
