/** What every cell works with, and how an answer of each modality is tried. */
import type { Content, ImageContent, SoundContent } from '@any-to-any/core';
import type { Items, Language, Measure, PictureItem, Scene, SoundItem } from '../items.ts';
import type { Model } from '../model.ts';
import type { PictureJudge } from '../picture/judge.ts';
import { pictureIsRight } from '../picture/right.ts';
import type { Heard, SpeechJudge } from '../speech/judge.ts';
import { nearestSound } from '../speech/timbre.ts';
import type { Shown, Trial } from '../trial.ts';

export interface World {
  readonly items: Items;
  readonly model: Model;
  readonly pictures: PictureJudge;
  readonly speech: SpeechJudge;
}

export type Prompt = readonly (string | Content)[];

export const languageNames: Readonly<Record<Language, string>> = { en: 'English', ko: 'Korean' };

export const measureTitles: Readonly<Record<Measure, string>> = {
  single: 'one object',
  colour: 'object × background',
  two: 'two objects',
  relation: 'how two lie',
  count: 'count',
};

/** The seed of an item: the same in every run, another for each. */
export const seedOf = (item: number): number => 1000 + item;

/** Is the drawn picture right, and would the true one be? */
export async function tryPicture(
  { pictures }: World,
  drawn: ImageContent,
  truth: { readonly scene: Scene; readonly picture: ImageContent; readonly measure: Measure },
  input: readonly Shown[],
): Promise<Trial> {
  const right = async (picture: ImageContent): Promise<boolean> =>
    pictureIsRight(await pictures.look(picture), truth.scene, truth.measure);
  return { right: await right(drawn), ceiling: await right(truth.picture), shown: [...input, drawn] };
}

/** Does the judge hear in the made sound what should be said, and does it in the true clip behind the codec? */
export async function trySound(
  world: World,
  made: SoundContent,
  truth: { readonly said: string; readonly clip: SoundContent; readonly language: Language },
  input: readonly Shown[],
): Promise<Trial> {
  const heard = await world.speech.hear(made, truth.said);
  const { coded, best } = await bestOf(world, truth.said, truth.clip);
  return {
    right: heard.right,
    ceiling: best.right,
    words: heard.words,
    ceilingWords: best.words,
    spoken: truth.language === 'en' ? { made, truth: coded, said: truth.said } : undefined,
    shown: [...input, made],
    understood: heard.transcript,
  };
}

/** Is the played sound nearest to what should sound, and is the true clip behind the codec? */
export async function tryPlayed(
  { items, model }: World,
  made: SoundContent,
  { words, clip }: SoundItem,
  input: readonly Shown[],
): Promise<Trial> {
  const heard = nearestSound(made, items);
  return {
    right: made.samples.length > 0 && heard === words.en,
    ceiling: nearestSound(await model.coded(clip), items) === words.en,
    shown: [...input, made],
    understood: heard,
  };
}

/** The true clips behind the codec are asked for by several cells. */
const known = new WeakMap<SoundContent, Promise<{ coded: SoundContent; best: Heard }>>();

function bestOf(
  { model, speech }: World,
  said: string,
  clip: SoundContent,
): Promise<{ coded: SoundContent; best: Heard }> {
  let found = known.get(clip);
  if (!found) {
    found = (async () => {
      const coded = await model.coded(clip);
      return { coded, best: await speech.hear(coded, said) };
    })();
    known.set(clip, found);
  }
  return found;
}

/** Whether every object is named, in the singular or the plural. */
export function namesObjects(answer: string, scene: Scene, language: Language, { names }: Items): boolean {
  return scene.objects.every((object) => {
    const { en, plural, ko } = names[object]!;
    return (language === 'ko' ? [ko] : [en, plural]).some((word) => answer.includes(word));
  });
}

/** Held-out scenes to be read: each kind in turn. */
export function readable(items: Items): PictureItem[] {
  const kinds = (['colour', 'two', 'count', 'relation'] as const).map((measure) =>
    items.pictures.filter((item) => item.measure === measure),
  );
  return kinds[0]!.flatMap((_, i) => kinds.flatMap((kind) => kind[i] ?? []));
}
