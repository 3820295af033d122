/**
 * Whether image content is what it says. Runs before anything reads its pixels.
 */
import { AnyToAnyError, type ImageContent } from '@any-to-any/core';

/** CONTENT_INVALID unless `image` is straight RGBA of a positive size with `width * height * 4` bytes. */
export function checkImage(image: ImageContent): void {
  if (typeof image !== 'object' || image === null || image.modality !== 'image') {
    throw new AnyToAnyError('CONTENT_INVALID', 'Expected image content: { modality: "image", … }.');
  }
  const { width, height, data } = image;
  if (!Number.isSafeInteger(width) || !Number.isSafeInteger(height) || width < 1 || height < 1) {
    throw new AnyToAnyError(
      'CONTENT_INVALID',
      `Expected a width and a height of at least 1 pixel, got ${width} × ${height}.`,
      { width, height },
    );
  }
  if (!(data instanceof Uint8Array)) {
    throw new AnyToAnyError('CONTENT_INVALID', 'Expected the pixels of an image as a Uint8Array of RGBA.');
  }
  if (data.length !== width * height * 4) {
    throw new AnyToAnyError(
      'CONTENT_INVALID',
      `Expected ${width} × ${height} × 4 = ${width * height * 4} bytes of RGBA, got ${data.length}.`,
      { width, height, bytes: data.length },
    );
  }
}
