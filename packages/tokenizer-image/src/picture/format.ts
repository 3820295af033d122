/**
 * Which picture format a file's first bytes are of. Comes before sharp, so that no other decoder
 * (SVG, PDF, TIFF, …) of libvips ever sees foreign bytes. Does not check that the file is sound.
 */
import { AnyToAnyError } from '@any-to-any/core';

export type ImageFormat = 'png' | 'jpeg' | 'webp';
export type ReadableFormat = ImageFormat | 'gif';

const supported = 'Supported are PNG, JPEG, WebP and GIF (read only).';

/** Formats that are told apart only to say so. `offset` is where the signature stands, in bytes. */
const foreign: readonly { name: string; offset: number; signature: string }[] = [
  { name: 'PDF', offset: 0, signature: '%PDF' },
  { name: 'BMP', offset: 0, signature: 'BM' },
  { name: 'TIFF', offset: 0, signature: 'II*\0' },
  { name: 'TIFF', offset: 0, signature: 'MM\0*' },
  { name: 'AVIF or HEIF', offset: 4, signature: 'ftyp' },
  { name: 'JPEG XL', offset: 0, signature: '\xff\x0a' },
  { name: 'JPEG XL', offset: 4, signature: 'JXL ' },
  { name: 'JPEG 2000', offset: 4, signature: 'jP  ' },
  { name: 'Photoshop', offset: 0, signature: '8BPS' },
  { name: 'OpenEXR', offset: 0, signature: 'v/1\x01' },
  { name: 'icon', offset: 0, signature: '\0\0\x01\0' },
  { name: 'ZIP', offset: 0, signature: 'PK\x03\x04' },
];

/** FORMAT_UNKNOWN for a format that is known but not supported, CONTENT_INVALID for anything else. */
export function sniffFormat(bytes: Uint8Array): ReadableFormat {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 512)).toString('latin1');
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (head.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (head.startsWith('RIFF') && head.startsWith('WEBP', 8)) return 'webp';
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'gif';

  const known = foreign.find(({ signature, offset }) => head.startsWith(signature, offset))?.name;
  const format =
    known ?? (/^(\xef\xbb\xbf)?\s*<(\?xml|!doctype svg|!--|svg)/i.test(head) ? 'SVG' : undefined);
  if (format !== undefined) {
    throw new AnyToAnyError('FORMAT_UNKNOWN', `Expected a picture, got ${format}. ${supported}`, { format });
  }
  throw new AnyToAnyError(
    'CONTENT_INVALID',
    `Expected a picture, got ${bytes.length} bytes of no known format. ${supported}`,
    { bytes: bytes.length },
  );
}

const extensions: Readonly<Record<string, ImageFormat>> = {
  png: 'png',
  jpg: 'jpeg',
  jpeg: 'jpeg',
  webp: 'webp',
};

/** The format to write for a path's extension or a format's name: `out/cat.JPG` → `jpeg`. */
export function formatFor(pathOrFormat: string): ImageFormat {
  const name = pathOrFormat.slice(pathOrFormat.lastIndexOf('.') + 1).toLowerCase();
  const format = Object.hasOwn(extensions, name) ? extensions[name] : undefined;
  if (format !== undefined) return format;
  throw new AnyToAnyError(
    'FORMAT_UNKNOWN',
    `Cannot write "${pathOrFormat}". End the path in .png, .jpg, .jpeg or .webp, or give the format.`,
    { path: pathOrFormat },
  );
}
