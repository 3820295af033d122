/** The picture judge: names what stands in a picture. A small network that has seen true scenes and coded ones only. */
import type { Graph, ImageContent } from '@any-to-any/core';
import { crop, side } from './crop.ts';
import { type Box, background, foreground, parts } from './parts.ts';

export interface Verdict {
  /** Of the background. */
  readonly colour: string;
  /** Of every part, from the top left: which object it is. */
  readonly objects: readonly number[];
  readonly boxes: readonly Box[];
}

export interface PictureJudge {
  look(picture: ImageContent): Promise<Verdict>;
}

/** `graph`: crops [N, 3, 32, 32] in −1…1 → concept [N, concepts]. */
export function pictureJudge(
  graph: Graph,
  colours: Readonly<Record<string, readonly number[]>>,
): PictureJudge {
  return {
    async look(picture) {
      const boxes = parts(foreground(picture));
      const colour = background(picture, colours);
      if (boxes.length === 0) return { colour, objects: [], boxes };
      const crops = new Float32Array(boxes.length * 3 * side * side);
      for (const [n, box] of boxes.entries()) {
        const pixels = crop(picture, box);
        for (let i = 0; i < side * side; i++)
          for (let channel = 0; channel < 3; channel++)
            crops[(n * 3 + channel) * side * side + i] = pixels[i * 3 + channel]! / 127.5 - 1;
      }
      const { concept } = await graph.run({ crops: { data: crops, dims: [boxes.length, 3, side, side] } });
      const { data, dims } = concept!;
      const classes = dims[1]!;
      const objects = boxes.map((_, n) => {
        let best = 0;
        for (let i = 1; i < classes; i++) if (data[n * classes + i]! > data[n * classes + best]!) best = i;
        return best;
      });
      return { colour, objects, boxes };
    },
  };
}
