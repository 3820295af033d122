/** Speech and sounds in: written down, drawn, said again in another voice. */
import { languages } from '../items.ts';
import { measureOf } from '../picture/right.ts';
import { wordErrors } from '../speech/words.ts';
import type { Cell } from '../trial.ts';
import { languageNames, seedOf, tryPicture, trySound, type World } from './world.ts';

/** What the default model was trained to be asked. */
const otherVoice = "a man's voice";

export function cellsFromAudio(world: World, count: number): Cell[] {
  return [
    ...write(world, count),
    writeSound(world, count),
    ...draw(world, count),
    drawSound(world, count),
    ...repeat(world, count),
  ];
}

function write({ items, model }: World, count: number): Cell[] {
  return languages.flatMap((language) =>
    [true, false].map((known) => {
      const chosen = items.speech
        .filter((item) => item.language === language && item.knownVoice === known)
        .slice(0, count);
      return {
        from: 'audio',
        to: 'text',
        title: `${languageNames[language]}: write down, ${known ? 'known voices' : 'a voice never heard'}`,
        measure: 'the sentence, word for word',
        count: chosen.length,
        async attempt(i: number) {
          const { clip, text } = chosen[i]!;
          const answer = await model.write([clip], seedOf(i));
          return { right: answer === text, words: wordErrors(answer, text), shown: [text, answer] };
        },
      };
    }),
  );
}

function writeSound({ items, model }: World, count: number): Cell {
  const chosen = items.sounds.slice(0, count);
  return {
    from: 'audio',
    to: 'text',
    title: 'name a sound',
    measure: 'its name',
    count: chosen.length,
    async attempt(i) {
      const { clip, words } = chosen[i]!;
      const answer = await model.write([clip], seedOf(i));
      return { right: answer === words.en, shown: [words.en, answer] };
    },
  };
}

function draw(world: World, count: number): Cell[] {
  const { items, model } = world;
  return languages.map((language) => {
    const chosen = items.speech.filter((item) => item.language === language).slice(0, count);
    return {
      from: 'audio',
      to: 'image',
      title: `${languageNames[language]}: draw what is said`,
      measure: 'the picture, by the judge',
      count: chosen.length,
      async attempt(i) {
        const { clip, text, scene, picture } = chosen[i]!;
        const truth = { scene, picture, measure: measureOf[scene.kind] };
        const trial = await tryPicture(world, await model.draw([clip], seedOf(i)), truth, [text]);
        const words = await model.write([clip], seedOf(i));
        if (words === '') return { ...trial, twoSteps: false };
        const inTwo = await tryPicture(world, await model.draw([words], seedOf(i)), truth, []);
        return { ...trial, twoSteps: inTwo.right };
      },
    };
  });
}

function drawSound(world: World, count: number): Cell {
  const chosen = world.items.sounds.slice(0, count);
  return {
    from: 'audio',
    to: 'image',
    title: 'draw what sounds',
    measure: 'the picture, by the judge',
    count: chosen.length,
    async attempt(i) {
      const { clip, words, scene, picture } = chosen[i]!;
      const drawn = await world.model.draw([clip], seedOf(i));
      return tryPicture(world, drawn, { scene, picture, measure: 'single' }, [words.en]);
    },
  };
}

function repeat(world: World, count: number): Cell[] {
  const { items, model } = world;
  return languages.map((language) => {
    const chosen = items.speech.filter((item) => item.language === language).slice(0, count);
    return {
      from: 'audio',
      to: 'audio',
      title: `${languageNames[language]}: say it in a man's voice`,
      measure: 'the sentence, by the speech judge',
      count: chosen.length,
      async attempt(i) {
        const { clip, text } = chosen[i]!;
        const made = await model.say([clip, otherVoice], seedOf(i));
        return trySound(world, made, { said: text, clip, language }, [clip]);
      },
    };
  });
}
