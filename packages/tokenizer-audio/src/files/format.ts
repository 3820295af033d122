/**
 * Which sound format a file's first bytes are of, and which one a path to write asks for. Comes before ffmpeg, which
 * is then told the format, so that none of its other readers (playlists, scripts, network) sees foreign bytes.
 * Does not check that the file is sound.
 */
import { AnyToAnyError } from '@any-to-any/core';

export type SoundFormat = 'wav' | 'mp3' | 'flac' | 'ogg' | 'opus' | 'm4a';
/** `ogg` holds Vorbis, Opus or FLAC; `mp4` is M4A and the sound of MP4 and QuickTime; `webm` is any Matroska. */
export type ReadableSoundFormat = 'wav' | 'mp3' | 'flac' | 'ogg' | 'mp4' | 'webm' | 'aac';

const supported = 'Supported are WAV, MP3, FLAC, Ogg, Opus, M4A, WebM and AAC.';

/** Formats that are told apart only to say so. `offset` is where the signature stands, in bytes. */
const foreign: readonly { name: string; offset: number; signature: string }[] = [
  { name: 'AIFF', offset: 0, signature: 'FORM' },
  { name: 'big-endian WAV', offset: 0, signature: 'RIFX' },
  { name: 'RF64', offset: 0, signature: 'RF64' },
  { name: 'RF64', offset: 0, signature: 'BW64' },
  { name: 'Wave64', offset: 0, signature: 'riff\x2e\x91\xcf\x11' },
  { name: 'CAF', offset: 0, signature: 'caff' },
  { name: 'AU', offset: 0, signature: '.snd' },
  { name: 'AMR', offset: 0, signature: '#!AMR' },
  { name: 'MIDI', offset: 0, signature: 'MThd' },
  { name: 'Windows Media', offset: 0, signature: '\x30\x26\xb2\x75' },
  { name: 'WavPack', offset: 0, signature: 'wvpk' },
  { name: "Monkey's Audio", offset: 0, signature: 'MAC ' },
  { name: 'DSD', offset: 0, signature: 'DSD ' },
  { name: 'AVI', offset: 8, signature: 'AVI ' },
  { name: 'a playlist', offset: 0, signature: '#EXTM3U' },
  { name: 'WebP', offset: 8, signature: 'WEBP' },
  { name: 'AVIF', offset: 4, signature: 'ftypavif' },
  { name: 'HEIF', offset: 4, signature: 'ftyphe' },
  { name: 'HEIF', offset: 4, signature: 'ftypmif1' },
  { name: 'PNG', offset: 0, signature: '\x89PNG' },
  { name: 'JPEG', offset: 0, signature: '\xff\xd8\xff' },
  { name: 'GIF', offset: 0, signature: 'GIF8' },
  { name: 'PDF', offset: 0, signature: '%PDF' },
  { name: 'ZIP', offset: 0, signature: 'PK\x03\x04' },
];

/** `head`: the first bytes of a file. FORMAT_UNKNOWN for a format that is known but not supported, else CONTENT_INVALID. */
export function sniffSound(head: Uint8Array): ReadableSoundFormat {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 16)).toString('latin1');
  if (text.startsWith('RIFF') && text.startsWith('WAVE', 8)) return 'wav';
  if (text.startsWith('ID3')) return sniffStream(behindTag(head)) ?? 'mp3';
  const stream = sniffStream(head);
  if (stream !== undefined) return stream;
  if (text.startsWith('OggS')) return 'ogg';
  if (text.startsWith('\x1a\x45\xdf\xa3')) return 'webm';

  const format = foreign.find(({ signature, offset }) => text.startsWith(signature, offset))?.name;
  if (format !== undefined) {
    throw new AnyToAnyError('FORMAT_UNKNOWN', `Expected a sound file, got ${format}. ${supported}`, {
      format,
    });
  }
  if (text.startsWith('ftyp', 4)) return 'mp4';
  throw new AnyToAnyError('CONTENT_INVALID', `Expected a sound file, got no known format. ${supported}`);
}

/** The formats that may stand behind an ID3 tag. */
function sniffStream(bytes: Uint8Array): 'mp3' | 'aac' | 'flac' | undefined {
  const [first = 0, second = 0, third = 0] = bytes;
  if (first === 0x66 && Buffer.from(bytes.subarray(0, 4)).toString('latin1') === 'fLaC') return 'flac';
  if (first !== 0xff) return undefined;
  if ((second & 0xf6) === 0xf0) return 'aac';
  const layer3 = (second & 0xe6) === 0xe2 && (second & 0x18) !== 0x08;
  // The highest values of bit rate and sample rate are forbidden.
  return layer3 && third >> 4 !== 15 && (third & 0x0c) !== 0x0c ? 'mp3' : undefined;
}

/** A tag says its size in four bytes of 7 bits; nothing if it is longer than `head`. */
function behindTag(head: Uint8Array): Uint8Array {
  const size = [...head.subarray(6, 10)].reduce((sum, byte) => sum * 128 + (byte & 0x7f), 0);
  return head.subarray(10 + size);
}

const extensions: Readonly<Record<string, SoundFormat>> = {
  wav: 'wav',
  mp3: 'mp3',
  flac: 'flac',
  ogg: 'ogg',
  oga: 'ogg',
  opus: 'opus',
  m4a: 'm4a',
};

/** The format to write for a path's extension or a format's name: `out/bell.MP3` → `mp3`. */
export function soundFormatFor(pathOrFormat: string): SoundFormat {
  const name = pathOrFormat.slice(pathOrFormat.lastIndexOf('.') + 1).toLowerCase();
  const format = Object.hasOwn(extensions, name) ? extensions[name] : undefined;
  if (format !== undefined) return format;
  throw new AnyToAnyError(
    'FORMAT_UNKNOWN',
    `Cannot write "${pathOrFormat}". End the path in .wav, .mp3, .flac, .ogg, .opus or .m4a, or give the format.`,
    { path: pathOrFormat },
  );
}
