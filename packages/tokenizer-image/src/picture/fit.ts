/**
 * Image content → the planar tensor a graph takes, and planar pixels → RGBA.
 * Comes before the encode graphs and after the decode graph.
 */
import type { ImageContent } from '@any-to-any/core';
import type { Sharp } from 'sharp';
import { checkImage } from './check.ts';
import { placeBicubic } from './place.ts';

/** How a model wants its pictures. */
export interface Fitting {
  /** `contain`: all of the picture, with background beside it; `cover`: no background, what sticks out is cut off. */
  readonly fit: 'contain' | 'cover';
  /** `bicubic` is Pillow's, to the last bit; the others are those of \`sharp\`. */
  readonly kernel: 'lanczos3' | 'cubic' | 'bicubic';
  /** With \`bicubic\`: a side is never scaled to fewer pixels, whatever the aspect ratio. */
  readonly least: number;
  /** RGB beside a picture of another aspect ratio. Transparent pixels always lie over white. */
  readonly background: Colour;
  /** A byte becomes `(byte * scale - mean) / deviation`, per channel. */
  readonly scale: number;
  readonly mean: Colour;
  readonly deviation: Colour;
}

type Colour = readonly [red: number, green: number, blue: number];

/** All of the picture over white, in −1…1. */
export const defaultFitting: Fitting = {
  fit: 'contain',
  kernel: 'lanczos3',
  least: 1,
  background: [255, 255, 255],
  scale: 1 / 127.5,
  mean: [1, 1, 1],
  deviation: [1, 1, 1],
};

/**
 * Lays the image over white, fits it into `width × height` and returns float32 `[3, height, width]`, by default in
 * −1…1. An image of that size is taken as it is.
 */
export async function fitPixels(
  image: ImageContent,
  width: number,
  height: number,
  fitting: Fitting = defaultFitting,
): Promise<Float32Array> {
  checkImage(image);
  if (image.width === width && image.height === height) return planarOf(overWhite(image.data), fitting);
  const { kernel } = fitting;
  if (kernel === 'bicubic') {
    const rgb = { width: image.width, height: image.height, data: overWhite(image.data) };
    return planarOf(await placeBicubic(rgb, width, height, fitting), fitting);
  }
  const { default: sharp } = await import('sharp');
  const picture = sharp(image.data, {
    raw: { width: image.width, height: image.height, channels: 4 },
    limitInputPixels: false,
  }).flatten({ background: 'white' });
  const fitted = fitting.fit === 'contain' ? contain : cover;
  const rgb = await fitted(picture, image, { width, height }, { ...fitting, kernel })
    .removeAlpha()
    .raw()
    .toBuffer();
  return planarOf(rgb, fitting);
}

/** What \`sharp\` can do. */
type Scaling = Pick<Fitting, 'background'> & { readonly kernel: Exclude<Fitting['kernel'], 'bicubic'> };

interface Size {
  readonly width: number;
  readonly height: number;
}

function contain(picture: Sharp, _: Size, { width, height }: Size, { kernel, background }: Scaling): Sharp {
  const [r, g, b] = background;
  return picture.resize(width, height, { fit: 'contain', background: { r, g, b }, kernel });
}

/** Scaled until nothing is missing, the longer side rounded down as torchvision and transformers do, then the middle of it. */
function cover(picture: Sharp, image: Size, { width, height }: Size, { kernel }: Scaling): Sharp {
  const scale = Math.max(width / image.width, height / image.height);
  // A little more than the product, which may fall just short of a whole number.
  const scaled = {
    width: Math.max(width, Math.floor(image.width * scale + 1e-9)),
    height: Math.max(height, Math.floor(image.height * scale + 1e-9)),
  };
  const left = Math.floor((scaled.width - width) / 2);
  const top = Math.floor((scaled.height - height) / 2);
  return picture
    .resize(scaled.width, scaled.height, { fit: 'fill', kernel })
    .extract({ left, top, width, height });
}

/** Straight RGBA → RGB on white: `[200, 0, 0, 0]` → `[255, 255, 255]`. */
export function overWhite(rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    const alpha = rgba[from + 3]!;
    const white = 255 * (255 - alpha);
    for (let channel = 0; channel < 3; channel++) {
      rgb[to + channel] = Math.round((rgba[from + channel]! * alpha + white) / 255);
    }
  }
  return rgb;
}

/** RGB bytes, pixel by pixel → `[3, pixels]`, by default in −1…1: 0 → −1, 255 → 1. */
export function planarOf(
  rgb: Uint8Array,
  { scale, mean, deviation }: Pick<Fitting, 'scale' | 'mean' | 'deviation'> = defaultFitting,
): Float32Array {
  const pixels = rgb.length / 3;
  const planar = new Float32Array(rgb.length);
  for (let channel = 0; channel < 3; channel++) {
    const [shift, divisor] = [mean[channel]!, deviation[channel]!];
    for (let pixel = 0; pixel < pixels; pixel++) {
      planar[channel * pixels + pixel] = (rgb[pixel * 3 + channel]! * scale - shift) / divisor;
    }
  }
  return planar;
}

/** A picture as a graph returns it: `[3, height, width]` in about −1…1. */
export interface Planar {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** Straight, opaque RGBA of a rectangle of `planar`, rounded to 8 bits: −1 → 0, 1 → 255, beyond is clamped. */
export function rgbaOf(planar: Planar, x: number, y: number, width: number, height: number): Uint8Array {
  const plane = planar.width * planar.height;
  const rgba = new Uint8Array(width * height * 4);
  for (let row = 0, to = 0; row < height; row++) {
    let from = (y + row) * planar.width + x;
    for (let column = 0; column < width; column++, from++, to += 4) {
      rgba[to] = byteOf(planar.data[from]!);
      rgba[to + 1] = byteOf(planar.data[plane + from]!);
      rgba[to + 2] = byteOf(planar.data[2 * plane + from]!);
      rgba[to + 3] = 255;
    }
  }
  return rgba;
}

function byteOf(value: number): number {
  return Math.max(0, Math.min(255, Math.round((value + 1) * 127.5)));
}
