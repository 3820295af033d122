/**
 * A picture on a canvas: every patch is drawn as it comes, where it belongs, and nothing else is touched.
 * The canvas has the picture's own size; how large it appears is for style sheets.
 */
import type { ImageContent, ImageDelta } from '@any-to-any/core';
import { AnyToAnyError } from '@any-to-any/core/wire';
import { type Added, type Picture, PictureBuilder } from './picture.ts';

/** The part of a canvas that is used; HTMLCanvasElement and OffscreenCanvas have it. */
export interface CanvasLike {
  width: number;
  height: number;
  getContext(kind: '2d'): Pick<CanvasRenderingContext2D, 'putImageData'> | null;
}

export interface Painter {
  /** What has come so far. */
  readonly picture: Picture;
  /** Draws a patch, unless a newer one already lies there. */
  paint(patch: ImageDelta): Added;
}

/** `imageData`: makes the pixels a canvas takes. Default: the platform's ImageData. */
export function createPainter(canvas: CanvasLike, imageData = createImageData): Painter {
  const picture = new PictureBuilder();
  const context = canvas.getContext('2d');
  if (!context) {
    throw new AnyToAnyError('OPTION_INVALID', 'The canvas has another context. Give one for 2d.');
  }

  function put(image: ImageData, patch: ImageDelta): void {
    const scale = picture.width / patch.width;
    const { x, y, width, height } = patch.rectangle;
    const [left, top] = [Math.round(x * scale), Math.round(y * scale)];
    const [right, bottom] = [Math.round((x + width) * scale), Math.round((y + height) * scale)];
    context!.putImageData(image, 0, 0, left, top, right - left, bottom - top);
  }

  return {
    picture,
    paint(patch) {
      const added = picture.add(patch);
      if (!added) return added;
      const { width, height } = picture;
      if (added === 'grown') Object.assign(canvas, { width, height }); // also clears it
      const image = imageData(picture);
      if (added === 'painted') put(image, patch);
      else for (const cell of picture.cells) put(image, cell.patch);
      return added;
    },
  };
}

/** Shares the picture's memory; nothing is copied until it is drawn. */
function createImageData({ data, width, height }: Picture): ImageData {
  return new ImageData(new Uint8ClampedArray(data.buffer), width, height);
}

/** The picture as a PNG file, without loss where it is opaque. */
export async function toPng({ data, width, height }: ImageContent): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')?.putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0);
  return canvas.convertToBlob({ type: 'image/png' });
}
