/**
 * Patches → picture. The joining rule of images: the latest revision of a rectangle wins, whatever the order.
 */
import { AnyToAnyError, type ImageContent, type ImageDelta } from '@any-to-any/core';

/**
 * Joins the patches of one segment. Where no patch lies the picture is white. Patches of an upscaled picture may
 * mix with patches of the smaller one, which are enlarged without smoothing; the result has the larger size.
 * Throws CONTENT_INVALID without any patch, or if one does not fit its picture.
 */
export function joinImage(deltas: Iterable<ImageDelta>): ImageContent {
  const patches = [...deltas];
  for (const patch of patches) checkPatch(patch);
  const [first] = patches;
  if (first === undefined) {
    throw new AnyToAnyError('CONTENT_INVALID', 'Expected at least one patch, got none: the size is unknown.');
  }
  const { width, height } = patches.reduce((a, b) => (b.width > a.width ? b : a), first);
  const data = new Uint8Array(width * height * 4).fill(255);
  // Sorting is stable: among equal revisions of equal size, the one that came last wins.
  for (const patch of patches.sort((a, b) => a.revision - b.revision || a.width - b.width)) {
    paint(data, width, height, patch);
  }
  return { modality: 'image', width, height, data };
}

function paint(canvas: Uint8Array, width: number, height: number, patch: ImageDelta): void {
  const { rectangle, data } = patch;
  if (patch.width * height !== patch.height * width) {
    throw new AnyToAnyError(
      'CONTENT_INVALID',
      `Expected patches of one picture, got ${patch.width} × ${patch.height} beside ${width} × ${height}.`,
    );
  }
  const scale = width / patch.width;
  const left = Math.round(rectangle.x * scale);
  const right = Math.round((rectangle.x + rectangle.width) * scale);
  const bottom = Math.round((rectangle.y + rectangle.height) * scale);
  for (let y = Math.round(rectangle.y * scale); y < bottom; y++) {
    const row = Math.min(rectangle.height - 1, Math.floor((y + 0.5) / scale) - rectangle.y);
    for (let x = left; x < right; x++) {
      const column = Math.min(rectangle.width - 1, Math.floor((x + 0.5) / scale) - rectangle.x);
      const from = (row * rectangle.width + column) * 4;
      canvas.set(data.subarray(from, from + 4), (y * width + x) * 4);
    }
  }
}

function checkPatch({ rectangle, width, height, data, revision }: ImageDelta): void {
  const { x, y, width: across, height: down } = rectangle;
  const whole = [width, height, x, y, across, down, revision].every(Number.isSafeInteger);
  const inside = x >= 0 && y >= 0 && across > 0 && down > 0 && x + across <= width && y + down <= height;
  if (!whole || !inside) {
    throw new AnyToAnyError(
      'CONTENT_INVALID',
      `A patch of ${across} × ${down} at (${x}, ${y}), revision ${revision}, does not lie in ${width} × ${height}.`,
      { rectangle, width, height },
    );
  }
  if (data.length !== across * down * 4) {
    throw new AnyToAnyError(
      'CONTENT_INVALID',
      `Expected ${across} × ${down} × 4 = ${across * down * 4} bytes of RGBA in a patch, got ${data.length}.`,
      { rectangle, bytes: data.length },
    );
  }
}
