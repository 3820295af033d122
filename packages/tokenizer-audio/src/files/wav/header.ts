/**
 * The head of a WAV file, up to its first sample. Source: Multimedia Programming Interface and Data Specifications 1.0
 * (RIFF), and for WAVE_FORMAT_EXTENSIBLE mmreg.h of the Windows SDK. All numbers are little-endian.
 */
import { checkFileRate, invalid } from '../check.ts';
import type { ByteReader } from './byte-reader.ts';

/** How a sample is stored. Fewer bits than the container holds stand at its upper end, so the container says it all. */
export type Encoding = 'u8' | 's16' | 's24' | 's32' | 'f32' | 'f64';

export interface WavHeader {
  /** Hz. */
  readonly rate: number;
  readonly channels: number;
  /** Undefined: another codec (ADPCM, µ-law, …). */
  readonly encoding: Encoding | undefined;
  /** Bytes of samples; undefined: as many as come, for streams whose writer could not go back. */
  readonly bytes: number | undefined;
}

const pcm = 1;
const float = 3;
const extensible = 0xfffe;

/** From this size on it stands for "unknown": 2³² − 1 of ffmpeg, 2³¹ − 4096 of SoX, 2³¹ of arecord. */
const unknown = 0x7fff_f000;

/** Leaves the reader before the first sample. Throws CONTENT_INVALID. */
export async function readWavHeader(reader: ByteReader): Promise<WavHeader> {
  const riff = viewOf(await reader.take(12));
  if (riff.byteLength < 12) throw cut(reader.position);
  const riffEnd = riff.getUint32(4, true) + 8;
  let format: Omit<WavHeader, 'bytes'> | undefined;
  for (;;) {
    const chunk = await reader.take(8);
    if (chunk.length < 8) throw cut(reader.position);
    const id = Buffer.from(chunk.subarray(0, 4)).toString('latin1');
    const size = viewOf(chunk).getUint32(4, true);
    if (id === 'data') {
      if (!format) throw invalid('The WAV file is broken: samples come before their format.');
      const bytes = knownBytes(size, riffEnd, reader.position);
      if (bytes === 0) throw invalid('The WAV file has no samples. Give a complete file.');
      return { ...format, bytes };
    }
    const padded = size + (size & 1);
    if (id === 'fmt ') {
      const fields = await reader.take(Math.min(size, 40));
      format = readFormat(fields);
      await reader.skip(padded - fields.length);
    } else {
      await reader.skip(padded);
    }
  }
}

/** A size of 0 is a stream's, unless the file says that something else follows at once. */
function knownBytes(size: number, riffEnd: number, position: number): number | undefined {
  if (size >= unknown) return undefined;
  if (size > 0) return size;
  return riffEnd > position && riffEnd < unknown ? 0 : undefined;
}

function readFormat(fields: Uint8Array): Omit<WavHeader, 'bytes'> {
  const view = viewOf(fields);
  if (view.byteLength < 16) throw invalid('The WAV file is broken: its format needs 16 bytes.');
  const [tag, channels] = [view.getUint16(0, true), view.getUint16(2, true)];
  const rate = view.getUint32(4, true);
  checkFileRate(rate);
  if (channels === 0) throw invalid('The WAV file is broken: it has 0 channels.');
  const codec = tag === extensible && view.byteLength >= 26 ? view.getUint16(24, true) : tag;
  if (codec !== pcm && codec !== float) return { rate, channels, encoding: undefined };
  const frame = view.getUint16(12, true);
  const bits = view.getUint16(14, true);
  const bytes = frame / channels;
  const encoding = encodingOf(codec, bytes);
  if (encoding === undefined || bits > 8 * bytes || bits === 0) {
    throw invalid(`The WAV file is broken: ${channels} channels of ${bits} bits do not make ${frame} bytes.`);
  }
  return { rate, channels, encoding };
}

function encodingOf(codec: number, bytes: number): Encoding | undefined {
  if (codec === float) return bytes === 4 ? 'f32' : bytes === 8 ? 'f64' : undefined;
  return ([undefined, 'u8', 's16', 's24', 's32'] as const)[bytes];
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function cut(bytes: number): Error {
  return invalid(
    `The WAV file is cut off after ${bytes} bytes, before its first sample. Give a complete file.`,
  );
}
