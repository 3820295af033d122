/**
 * Sound content → sound files: WAV here, everything else through ffmpeg. The opposite of `read.ts`.
 */
import { open } from 'node:fs/promises';
import { AnyToAnyError, type SoundContent, throwIfAborted } from '@any-to-any/core';
import { checkSoundShape } from './check.ts';
import { checkCodecRate, encodeWithFfmpeg } from './ffmpeg/encode.ts';
import { locateFfmpeg } from './ffmpeg/locate.ts';
import { type SoundFormat, soundFormatFor } from './format.ts';
import { checkOptions, type FfmpegOptions } from './options.ts';
import { type WavBits, wavPieces } from './wav/write.ts';
import { beginWhole, cannotWrite } from './whole.ts';

export interface SoundWriteOptions extends FfmpegOptions {
  /** Overrides the extension of the path. */
  readonly format?: SoundFormat | undefined;
  /** Of a sample of WAV: 16 (default) or 24, whole numbers; 32, floats, which lose nothing. */
  readonly bits?: WavBits | undefined;
}

const known = ['format', 'bits', 'ffmpeg', 'timeout', 'signal'] as const;

/**
 * Writes a sound file, whole or not at all: it grows beside its place under another name and is then renamed.
 * FLAC holds 16 bits; MP3, Opus and M4A bring rates they do not have to one they have (Opus always to 48 kHz).
 * Throws FORMAT_UNKNOWN for another extension, OPTION_INVALID if the path cannot be written, CONTENT_INVALID for
 * broken content, CONTENT_TOO_LARGE if the format cannot hold it, FFMPEG_MISSING, FFMPEG_FAILED, ABORTED.
 */
export async function writeSound(
  content: SoundContent,
  path: string,
  options: SoundWriteOptions = {},
): Promise<void> {
  const { format: named, bits, ffmpeg, timeout, signal } = checkOptions(options, known, 'writeSound');
  const format = soundFormatFor(named ?? path);
  checkBits(format, bits);
  checkSoundShape(content);
  checkCodecRate(format, content.rate);
  throwIfAborted(signal, 'writing');
  const program = format === 'wav' ? undefined : await locateFfmpeg(ffmpeg);
  const file = await beginWhole(path);
  try {
    if (format === 'wav' || program === undefined) {
      await writePieces(wavPieces(content, bits ?? 16), file.temporary, signal);
    } else {
      const pieces = wavPieces(content, 32);
      await encodeWithFfmpeg(pieces, file.temporary, format, { program, timeout, signal });
    }
    throwIfAborted(signal, 'writing');
  } catch (error) {
    await file.discard();
    throw AnyToAnyError.is(error) ? withPlace(error, path) : cannotWrite(path, error);
  }
  await file.commit();
}

/** Writes to a path where nothing stands yet, and may leave half a file there when it fails. Throws as the system does. */
export async function writePieces(
  pieces: AsyncIterable<Uint8Array>,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for await (const piece of pieces) {
      throwIfAborted(signal, 'writing');
      await file.writeFile(piece);
    }
  } finally {
    await file.close();
  }
}

/** What ffmpeg says when the place is at fault, not the sound. */
const placeFails =
  /no space left|no such file or directory|permission denied|read-only file system|file too large|not a directory/i;

function withPlace(error: AnyToAnyError, path: string): AnyToAnyError {
  const said = error.code === 'FFMPEG_FAILED' ? String(error.details['said'] ?? '') : '';
  return placeFails.test(said) ? cannotWrite(path, said) : error;
}

export function checkBits(format: SoundFormat, bits: number | undefined): void {
  if (bits === undefined || (format === 'wav' && [16, 24, 32].includes(bits))) return;
  throw new AnyToAnyError('OPTION_INVALID', `bits must be 16, 24 or 32 and is for WAV only, got ${bits}.`, {
    option: 'bits',
  });
}
