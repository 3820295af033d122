/**
 * Image content → picture files: PNG, JPEG or WebP, through sharp. The opposite of `read.ts`.
 */
import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { AnyToAnyError, type ImageContent, rejectUnknownOptions } from '@any-to-any/core';
import { checkImage } from './check.ts';
import { formatFor, type ImageFormat } from './format.ts';

export interface EncodeFileOptions {
  /** 1 … 100, of JPEG and WebP. Default 90. PNG loses nothing. */
  readonly quality?: number | undefined;
}

export interface WriteImageOptions extends EncodeFileOptions {
  /** Overrides the extension of the path. */
  readonly format?: ImageFormat | undefined;
}

/** The longest side a format can hold, pixels. */
const longestSide: Readonly<Record<ImageFormat, number>> = { png: 2 ** 31 - 1, jpeg: 65_535, webp: 16_383 };

/**
 * The bytes of a picture file. PNG and WebP keep alpha; JPEG has none, so it is laid over white.
 * Throws CONTENT_INVALID for broken content, CONTENT_TOO_LARGE if the format cannot hold it.
 */
export async function encodeImageFile(
  image: ImageContent,
  format: ImageFormat,
  options: EncodeFileOptions = {},
): Promise<Uint8Array> {
  rejectUnknownOptions(options, ['quality'], 'encodeImageFile');
  const quality = options.quality ?? 90;
  if (!Number.isInteger(quality) || quality < 1 || quality > 100) {
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `quality must be a whole number from 1 to 100, got ${quality}.`,
    );
  }
  const kind = formatFor(format);
  checkImage(image);
  const { width, height, data } = image;
  if (Math.max(width, height) > longestSide[kind]) {
    throw new AnyToAnyError(
      'CONTENT_TOO_LARGE',
      `A ${kind} file holds sides up to ${longestSide[kind]} pixels, got ${width} × ${height}. Write a PNG.`,
      { width, height, format: kind },
    );
  }
  const { default: sharp } = await import('sharp');
  const picture = sharp(data, { raw: { width, height, channels: 4 }, limitInputPixels: false });
  const file =
    kind === 'png'
      ? picture.png()
      : kind === 'webp'
        ? picture.webp({ quality })
        : picture.flatten({ background: 'white' }).jpeg({ quality, chromaSubsampling: '4:4:4' });
  return new Uint8Array(await file.toBuffer());
}

/**
 * Writes a picture file, whole or not at all: the bytes go to a temporary file beside it that is then renamed.
 * Throws FORMAT_UNKNOWN for another extension, OPTION_INVALID if the path cannot be written.
 */
export async function writeImage(
  image: ImageContent,
  path: string,
  options: WriteImageOptions = {},
): Promise<void> {
  rejectUnknownOptions(options, ['format', 'quality'], 'writeImage');
  const { format, ...rest } = options;
  const bytes = await encodeImageFile(image, formatFor(format ?? path), rest);
  const temporary = `${path}.${randomUUID()}.partial`;
  try {
    await writeFile(temporary, bytes, { flag: 'wx' });
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new AnyToAnyError('OPTION_INVALID', `Cannot write "${path}": ${String(cause)}`, { path, cause });
  }
}
