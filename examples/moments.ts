/**
 * A picture while it sharpens, for people: the patches that had come at a few moments, as whole pictures of one size.
 * Used by `start.ts`; `blur-to-sharp.ts` writes them as files.
 */
import type { ImageContent, ImageDelta } from '@any-to-any/core';
import { joinImage } from '@any-to-any/tokenizer-image';
import sharp from 'sharp';

/** A patch, and when it came: milliseconds since the call. */
export interface Arrival {
  readonly patch: ImageDelta;
  readonly at: number;
}

export interface Moment {
  readonly at: number;
  /** Mean noise that is left in the patches that have come; 0: all are sharp. */
  readonly sigma: number;
  /** As large as the picture becomes. */
  readonly picture: ImageContent;
}

/** `count` moments with as many patches between each two, the last one the finished picture: much happens late. */
export async function momentsOf(arrivals: readonly Arrival[], count: number): Promise<Moment[]> {
  const width = Math.max(...arrivals.map(({ patch }) => patch.width));
  const moments: Moment[] = [];
  for (let i = 1; i <= count; i++) {
    const come = arrivals.slice(0, Math.ceil((arrivals.length * i) / count));
    const patches = come.map(({ patch }) => patch);
    moments.push({
      at: come.at(-1)?.at ?? 0,
      sigma: meanSigma(patches),
      picture: await pictureOf(patches, width),
    });
  }
  return moments;
}

/** Small patches are enlarged softly, so that what is not sharp yet looks so. */
async function pictureOf(patches: readonly ImageDelta[], width: number): Promise<ImageContent> {
  const small = patches.filter((patch) => patch.width === patches[0]!.width);
  const large = patches.filter((patch) => patch.width > patches[0]!.width);
  const base = joinImage(small);
  const height = (base.height * width) / base.width;
  const raw = { width: base.width, height: base.height, channels: 4 } as const;
  const data = await sharp(base.data, { raw }).resize(width, height, { kernel: 'cubic' }).raw().toBuffer();
  const whole: ImageDelta = {
    ...{ modality: 'image', width, height, data: new Uint8Array(data), revision: 0, sigma: 1 },
    rectangle: { x: 0, y: 0, width, height },
  };
  return joinImage([whole, ...large]);
}

/** Over the area that has come, by the latest revision of every place. */
function meanSigma(patches: readonly ImageDelta[]): number {
  const [columns, rows] = [8, 8];
  const latest = new Map<number, ImageDelta>();
  for (const patch of patches) {
    const { x, y, width, height } = patch.rectangle;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [atX, atY] = [((column + 0.5) * patch.width) / columns, ((row + 0.5) * patch.height) / rows];
        if (atX < x || atX >= x + width || atY < y || atY >= y + height) continue;
        const place = row * columns + column;
        if ((latest.get(place)?.revision ?? -1) <= patch.revision) latest.set(place, patch);
      }
    }
  }
  const sigmas = [...latest.values()].map(({ sigma }) => sigma);
  return sigmas.reduce((sum, sigma) => sum + sigma, 0) / Math.max(1, sigmas.length);
}
