/**
 * Picture files → image content: PNG, JPEG, WebP and the first frame of an animation, through sharp.
 * Size is checked from the header before a pixel is decoded. Fetches nothing: no URLs.
 */
import { open } from 'node:fs/promises';
import { AnyToAnyError, type ImageContent, rejectUnknownOptions } from '@any-to-any/core';
import { sniffFormat } from './format.ts';

export interface ImageLimits {
  /** Most pixels, width × height. Default 50 000 000. */
  readonly pixels?: number | undefined;
  /** Most bytes of the file. Default 64 MiB. */
  readonly bytes?: number | undefined;
}

const defaults = { pixels: 50_000_000, bytes: 64 * 1024 * 1024 };

/**
 * Reads a picture from a path or from a file's bytes: turned upright (EXIF), sRGB, 8 bits, straight alpha.
 * Throws CONTENT_TOO_LARGE beyond `limits`, FORMAT_UNKNOWN for formats that are not supported, and
 * CONTENT_INVALID for what is empty, truncated or no picture.
 */
export async function readImage(
  source: string | Uint8Array,
  limits: ImageLimits = {},
): Promise<ImageContent> {
  rejectUnknownOptions(limits, Object.keys(defaults), 'readImage');
  const mostPixels = limitOf('pixels', limits.pixels ?? defaults.pixels);
  const mostBytes = limitOf('bytes', limits.bytes ?? defaults.bytes);
  const bytes = await bytesOf(source, mostBytes);
  const format = sniffFormat(bytes);

  const { default: sharp } = await import('sharp');
  try {
    checkPixels(pngSize(bytes), mostPixels);
    checkPixels(await sharp(bytes, { limitInputPixels: false }).metadata(), mostPixels);
    // sharp brings grey, palettes, CMYK, 16 bits and embedded profiles to 8-bit sRGB unless told otherwise.
    const { data, info } = await sharp(bytes, { limitInputPixels: false })
      .autoOrient()
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return {
      modality: 'image',
      width: info.width,
      height: info.height,
      data: new Uint8Array(data.buffer, data.byteOffset, data.length),
    };
  } catch (cause) {
    if (AnyToAnyError.is(cause)) throw cause;
    throw new AnyToAnyError(
      'CONTENT_INVALID',
      `The ${format} file is broken: ${String(cause)}. Give a complete file.`,
      { format, cause },
    );
  }
}

async function bytesOf(source: string | Uint8Array, limit: number): Promise<Uint8Array> {
  const bytes = typeof source === 'string' ? await readFileWithin(source, limit) : source;
  if (!(bytes instanceof Uint8Array)) {
    throw new AnyToAnyError('CONTENT_INVALID', `Expected a path or bytes, got ${typeof bytes}.`);
  }
  if (bytes.length === 0) {
    throw new AnyToAnyError('CONTENT_INVALID', 'Expected a picture, got 0 bytes. Give a complete file.');
  }
  checkBytes(bytes.length, limit);
  return bytes;
}

/** Reads a regular file whose size is within the limit; never a device or a pipe, which have no end. */
async function readFileWithin(path: string, limit: number): Promise<Uint8Array> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new AnyToAnyError('CONTENT_INVALID', `Cannot read "${path}". Give the path of a picture file.`, {
      path,
      cause,
    });
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) {
      throw new AnyToAnyError(
        'CONTENT_INVALID',
        `"${path}" is not a file. Give the path of a picture file.`,
        {
          path,
        },
      );
    }
    checkBytes(stat.size, limit);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** What a PNG promises in its header, whatever follows: a cut file must not hide how large it is. */
function pngSize(bytes: Uint8Array): { width: number; height: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isPng = bytes.length >= 24 && view.getUint32(0) === 0x89504e47 && view.getUint32(12) === 0x49484452;
  return isPng ? { width: view.getUint32(16), height: view.getUint32(20) } : { width: 0, height: 0 };
}

function checkPixels({ width, height }: { width: number; height: number }, limit: number): void {
  if (width * height <= limit) return;
  throw new AnyToAnyError(
    'CONTENT_TOO_LARGE',
    `Expected at most ${limit} pixels, got ${width} × ${height} = ${width * height}. ` +
      'Shrink the picture or raise limits.pixels.',
    { width, height, limit },
  );
}

function checkBytes(bytes: number, limit: number): void {
  if (bytes <= limit) return;
  throw new AnyToAnyError(
    'CONTENT_TOO_LARGE',
    `Expected at most ${limit} bytes, got ${bytes}. Give a smaller file or raise limits.bytes.`,
    { bytes, limit },
  );
}

function limitOf(name: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  throw new AnyToAnyError('OPTION_INVALID', `limits.${name} must be a number above 0, got ${value}.`, {
    option: name,
  });
}
