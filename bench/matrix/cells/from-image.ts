/** A picture in: described, edited, described aloud, played. English is answered without a question, Korean with one. */
import { languages } from '../items.ts';
import type { Cell } from '../trial.ts';
import {
  languageNames,
  namesObjects,
  type Prompt,
  readable,
  seedOf,
  tryPicture,
  tryPlayed,
  trySound,
  type World,
} from './world.ts';

export function cellsFromImage(world: World, count: number): Cell[] {
  return [
    ...describe(world, count),
    ...edit(world, count),
    ...describeAloud(world, count),
    play(world, count),
  ];
}

function describe({ items, model }: World, count: number): Cell[] {
  const chosen = readable(items).slice(0, count);
  return languages.map((language) => ({
    from: 'image',
    to: 'text',
    title: `${languageNames[language]}: describe`,
    measure: 'every word of the description',
    count: chosen.length,
    async attempt(i) {
      const { picture, canonical, scene } = chosen[i]!;
      // The question stands before a picture that is answered in words.
      const prompt: Prompt = language === 'ko' ? [items.questions.picture.ko, picture] : [picture];
      const answer = await model.write(prompt, seedOf(i));
      return {
        right: answer === canonical[language],
        named: namesObjects(answer, scene, language, items),
        shown: [picture, answer],
      };
    },
  }));
}

function edit(world: World, count: number): Cell[] {
  const chosen = world.items.pictures.filter((item) => item.edit !== undefined).slice(0, count);
  return languages.map((language) => ({
    from: 'image',
    to: 'image',
    title: `${languageNames[language]}: another background`,
    measure: 'object and background, by the judge',
    count: chosen.length,
    async attempt(i) {
      const { picture, edit } = chosen[i]!;
      const words = edit!.words[language];
      const drawn = await world.model.draw([picture, words], seedOf(i));
      return tryPicture(world, drawn, { ...edit!, measure: 'colour' }, [picture, words]);
    },
  }));
}

function describeAloud(world: World, count: number): Cell[] {
  const { model, items } = world;
  return languages.map((language) => {
    const chosen = items.speech.filter((item) => item.language === language).slice(0, count);
    const question = items.questions.picture.ko;
    return {
      from: 'image',
      to: 'audio',
      title: `${languageNames[language]}: describe aloud`,
      measure: 'the sentence, by the speech judge',
      count: chosen.length,
      async attempt(i) {
        const { picture, text, clip } = chosen[i]!;
        // After the picture, where it is answered aloud.
        const aloud: Prompt = language === 'ko' ? [picture, question] : [picture];
        const written: Prompt = language === 'ko' ? [question, picture] : [picture];
        const trial = await trySound(
          world,
          await model.say(aloud, seedOf(i)),
          { said: text, clip, language },
          [picture, text],
        );
        const words = await model.write(written, seedOf(i));
        if (words === '') return { ...trial, twoSteps: false };
        const inTwo = await model.say([words], seedOf(i));
        const { right } = await world.speech.hear(inTwo, text);
        return { ...trial, twoSteps: right, spoken: trial.spoken && { ...trial.spoken, inTwo } };
      },
    };
  });
}

function play(world: World, count: number): Cell {
  const chosen = world.items.sounds.slice(0, count);
  return {
    from: 'image',
    to: 'audio',
    title: 'play its sound',
    measure: 'the sound, nearest of 20',
    count: chosen.length,
    async attempt(i) {
      const item = chosen[i]!;
      const made = await world.model.say([item.picture, world.items.questions.sound.en], seedOf(i));
      return tryPlayed(world, made, item, [item.picture]);
    },
  };
}
