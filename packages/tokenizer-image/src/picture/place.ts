/**
 * A picture on a canvas of another size, as vision towers of checkpoints were trained on it: scaled with Pillow's bicubic
 * kernel, sides rounded down, in the middle. `fit.ts` calls it where a bundle asks for that.
 */
import type { Fitting } from './fit.ts';
import { type Rgb, resampleBicubic } from './resample.ts';

/** RGB bytes, `width × height`: with `contain` the rest is background, with `cover` what sticks out is cut off. */
export async function placeBicubic(
  picture: Rgb,
  width: number,
  height: number,
  { fit, background, least }: Pick<Fitting, 'fit' | 'background' | 'least'>,
): Promise<Uint8Array> {
  const ratios = [width / picture.width, height / picture.height];
  const scale = fit === 'contain' ? Math.min(...ratios) : Math.max(...ratios);
  const lengthOf = (length: number, side: number): number => {
    const scaled = Math.max(Math.trunc(length * scale), least);
    return fit === 'contain' ? Math.min(side, scaled) : Math.max(side, scaled);
  };
  const scaled = await resampleBicubic(
    picture,
    lengthOf(picture.width, width),
    lengthOf(picture.height, height),
  );
  const canvas = new Uint8Array(width * height * 3);
  for (let at = 0; at < canvas.length; at++) canvas[at] = background[at % 3]!;
  const left = Math.floor((width - scaled.width) / 2);
  const top = Math.floor((height - scaled.height) / 2);
  const columns = Math.min(width, scaled.width);
  for (let row = Math.max(0, top); row < Math.min(height, top + scaled.height); row++) {
    const from = ((row - top) * scaled.width + Math.max(0, -left)) * 3;
    const to = (row * width + Math.max(0, left)) * 3;
    canvas.set(scaled.data.subarray(from, from + columns * 3), to);
  }
  return canvas;
}
