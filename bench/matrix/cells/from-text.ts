/** Words in: translated, drawn, spoken, played. Prompts are as in training (`decoder/tasks.py`, `sound_tasks.py`). */
import { languages, measures } from '../items.ts';
import type { Cell } from '../trial.ts';
import {
  languageNames,
  measureTitles,
  readable,
  seedOf,
  tryPicture,
  tryPlayed,
  trySound,
  type World,
} from './world.ts';

export function cellsFromText(world: World, count: number): Cell[] {
  return [translate(world, count), ...draw(world, count), ...speak(world, count), ...play(world, count)];
}

function translate({ items, model }: World, count: number): Cell {
  const chosen = readable(items).slice(0, count);
  return {
    from: 'text',
    to: 'text',
    title: 'English → Korean',
    measure: 'the translation, word for word',
    count: chosen.length,
    async attempt(i) {
      const { canonical } = chosen[i]!;
      const answer = await model.write([canonical.en], seedOf(i));
      return { right: answer === canonical.ko, shown: [canonical.en, answer] };
    },
  };
}

function draw(world: World, count: number): Cell[] {
  return languages.flatMap((language) =>
    measures.map((measure) => {
      const chosen = world.items.pictures.filter((item) => item.measure === measure).slice(0, count);
      return {
        from: 'text',
        to: 'image',
        title: `${languageNames[language]}: ${measureTitles[measure]}`,
        measure: 'the picture, by the judge',
        count: chosen.length,
        async attempt(i) {
          const item = chosen[i]!;
          const words = item.prompt[language];
          return tryPicture(world, await world.model.draw([words], seedOf(i)), item, [words]);
        },
      } satisfies Cell;
    }),
  );
}

function speak(world: World, count: number): Cell[] {
  return languages.map((language) => {
    const chosen = world.items.speech.filter((item) => item.language === language).slice(0, count);
    return {
      from: 'text',
      to: 'audio',
      title: `${languageNames[language]}: speak`,
      measure: 'the sentence, by the speech judge',
      count: chosen.length,
      async attempt(i) {
        const { text, clip } = chosen[i]!;
        const made = await world.model.say([text], seedOf(i));
        return trySound(world, made, { said: text, clip, language }, [text]);
      },
    };
  });
}

function play(world: World, count: number): Cell[] {
  return languages.map((language) => {
    const chosen = world.items.sounds.slice(0, count);
    return {
      from: 'text',
      to: 'audio',
      title: `${languageNames[language]}: play a sound`,
      measure: 'the sound, nearest of 20',
      count: chosen.length,
      async attempt(i) {
        const item = chosen[i]!;
        const words = item.words[language];
        return tryPlayed(world, await world.model.say([words], seedOf(i)), item, [words]);
      },
    };
  });
}
