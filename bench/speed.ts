/** How fast the default model is, as tables: pictures and words, speech and its codec. */
import { measureDefaultModel } from './default-model.ts';
import { table } from './measure.ts';
import { measureSound } from './sound.ts';

const ms = (value: number): string => `${value.toFixed(0)} ms`;

/** `model`: the directory of a bundle, by default the embedded one. */
export async function printDefaultModel(tell: (text: string) => void, model?: string): Promise<void> {
  tell('measuring the default model');
  const figures = await measureDefaultModel(model);
  console.log('Default model, prompt → guided picture → words; medians of nine calls.\n');
  console.log(
    table(
      ['open', 'first patch', 'whole picture', 'caption', 'worst event-loop delay', 'resident'],
      [
        [
          ms(figures.open),
          ms(figures.firstPatch),
          ms(figures.picture),
          ms(figures.caption),
          `${figures.worstDelay.toFixed(1)} ms`,
          `${figures.resident.toFixed(0)} MiB`,
        ],
      ],
    ),
  );
  console.log('');
}

export async function printSound(tell: (text: string) => void, model?: string): Promise<void> {
  tell('measuring sound');
  const figures = await measureSound(model);
  const times = (value: number): string => `${value.toFixed(0)} × real time`;
  console.log('Default model, words → speech → words; its codec alone; medians of nine calls.\n');
  console.log(
    table(
      ['first sample', 'whole speech', 'speaking', 'listening', 'encode', 'decode', 'worst event-loop delay'],
      [
        [
          ms(figures.firstSample),
          ms(figures.speech),
          times(figures.speechRate),
          ms(figures.listening),
          times(figures.encodeRate),
          times(figures.decodeRate),
          `${figures.worstDelay.toFixed(1)} ms`,
        ],
      ],
    ),
  );
  console.log('');
}
