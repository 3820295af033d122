/**
 * Sound files → sound content: WAV here, everything else through ffmpeg. Size and length are checked before anything
 * is decoded, as far as the file says them, and while it comes.
 */
import { type SoundContent, throwIfAborted } from '@any-to-any/core';
import { concatenate } from '../samples/concatenate.ts';
import { checkRate } from '../samples/read.ts';
import { Resampler } from '../samples/resample.ts';
import { decodeWithFfmpeg } from './ffmpeg/decode.ts';
import { locateFfmpeg } from './ffmpeg/locate.ts';
import { type ReadableSoundFormat, sniffSound } from './format.ts';
import { checkOptions, type SoundReadOptions } from './options.ts';
import { openSource, type Source } from './source.ts';
import { ByteReader } from './wav/byte-reader.ts';
import { readWavHeader } from './wav/header.ts';
import { readWavSamples } from './wav/read.ts';

type Checked = SoundReadOptions & {
  readonly seconds: number;
  readonly bytes: number;
  readonly timeout: number;
};

const known = ['rate', 'seconds', 'bytes', 'ffmpeg', 'timeout', 'signal'] as const;

/**
 * Reads a sound from a path or from a file's bytes: the mean of all channels, in −1…1, at the file's rate or `rate`.
 * The format is told by the first bytes, whatever the name. Streams without a length (MP3, Ogg, AAC) that are cut off
 * are read as far as they go. Throws CONTENT_TOO_LARGE beyond the limits, FORMAT_UNKNOWN for formats that are not
 * supported, CONTENT_INVALID for what is empty, truncated or no sound, FFMPEG_MISSING, FFMPEG_FAILED, ABORTED.
 */
export async function readSound(
  source: string | Uint8Array,
  options: SoundReadOptions = {},
): Promise<SoundContent> {
  const checked = checkOptions(options, known, 'readSound');
  throwIfAborted(checked.signal, 'reading');
  const opened = await openSource(source, checked.bytes);
  try {
    return await readOpened(opened, sniffSound(opened.head), checked);
  } finally {
    await opened.close();
  }
}

async function readOpened(
  source: Source,
  format: ReadableSoundFormat,
  options: Checked,
): Promise<SoundContent> {
  if (format === 'wav') {
    const sound = await readWav(source.pieces(), source.size, options);
    if (sound !== undefined) return sound;
  }
  const program = await locateFfmpeg(options.ffmpeg);
  const { timeout, signal } = options;
  const sound = await decodeWithFfmpeg(source, format, { program, timeout, signal }, (wav) =>
    readWav(wav, undefined, options),
  );
  // Only a WAV file may hold another codec, and ffmpeg was told to write plain samples.
  return sound!;
}

/** Undefined for WAV of another codec. `size`: bytes in all, where that is known. */
async function readWav(
  pieces: AsyncIterable<Uint8Array>,
  size: number | undefined,
  { rate, seconds, signal }: Checked,
): Promise<SoundContent | undefined> {
  const reader = new ByteReader(pieces);
  const header = await readWavHeader(reader);
  const { encoding } = header;
  if (encoding === undefined) return undefined;
  if (rate !== undefined && rate !== header.rate) checkRate(header.rate);
  const resampler = rate === undefined || rate === header.rate ? undefined : new Resampler(header.rate, rate);
  const blocks: Float32Array[] = [];
  for await (const block of readWavSamples(reader, { ...header, encoding }, { seconds, size })) {
    throwIfAborted(signal, 'reading');
    blocks.push(resampler === undefined ? block : clip(resampler.push(block)));
  }
  if (resampler !== undefined) blocks.push(clip(resampler.end()));
  return { modality: 'audio', rate: rate ?? header.rate, samples: concatenate(blocks) };
}

/** Between two samples at the edge of −1…1 a wave may rise above it. */
function clip(samples: Float32Array): Float32Array {
  for (let i = 0; i < samples.length; i++) samples[i] = Math.max(-1, Math.min(1, samples[i]!));
  return samples;
}
