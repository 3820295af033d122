/**
 * What was seen of a picture, judged: whether it is right in the end, and when it first could be told. The canvas is white
 * where nothing has come yet.
 */
import type { ImageContent } from '@any-to-any/core';
import { joinImage } from '@any-to-any/tokenizer-image';
import type { PictureItem } from '../matrix/items.ts';
import type { PictureJudge } from '../matrix/picture/judge.ts';
import { pictureIsRight } from '../matrix/picture/right.ts';
import type { Drawing, Seen } from './path.ts';

export interface Looked {
  readonly right: boolean;
  /** ms: anything at all; the first canvas that the judge takes for what was asked, if the last one is; everything. */
  readonly first: number;
  readonly recognised: number | undefined;
  readonly total: number;
  readonly delay: number;
}

/** `seen`: all of the drawing, or a part of it that counts as a way of its own. */
export async function look(
  judge: PictureJudge,
  item: PictureItem,
  { seen, total, delay }: Drawing,
): Promise<Looked> {
  const right = async (picture: ImageContent): Promise<boolean> =>
    pictureIsRight(await judge.look(picture), item.scene, item.measure);
  const isRight = seen.length > 0 && (await right(canvasOf(seen)));
  let recognised: number | undefined;
  for (let count = 1; isRight && recognised === undefined && count <= seen.length; count++)
    if (await right(canvasOf(seen.slice(0, count)))) recognised = seen[count - 1]!.at;
  return { right: isRight, first: seen[0]?.at ?? Number.NaN, recognised, total, delay };
}

const canvasOf = (seen: readonly Seen[]): ImageContent => joinImage(seen.map(({ delta }) => delta));

/** What each place showed first, and nothing after: the drafts. They are complete when the last place has one. */
export function draftsOf(drawing: Drawing): Drawing {
  const places = new Set<string>();
  const seen = drawing.seen.filter(({ delta: { rectangle } }) => {
    const place = `${rectangle.x} ${rectangle.y}`;
    const isNew = !places.has(place);
    places.add(place);
    return isNew;
  });
  return { ...drawing, seen, total: seen.at(-1)?.at ?? drawing.total };
}
