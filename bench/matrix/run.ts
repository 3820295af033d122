/** Runs a cell: item after item, so that a run can be repeated exactly; then the outside recogniser hears all of it. */
import type { OutsideRecogniser } from './speech/outside.ts';
import { dictionaryForm, wordErrors } from './speech/words.ts';
import { type Cell, type Row, rowOf, type Trial } from './trial.ts';

export async function runCell(cell: Cell, recogniser: OutsideRecogniser | undefined): Promise<Row> {
  const trials: Trial[] = [];
  const began = performance.now();
  for (let item = 0; item < cell.count; item++) trials.push(await cell.attempt(item));
  const seconds = (performance.now() - began) / 1000 / Math.max(1, cell.count);
  if (!recogniser || !trials.some(({ spoken }) => spoken)) return rowOf(cell, trials, undefined, seconds);
  const measure = 'the sentence, by pocketsphinx';
  return rowOf({ ...cell, measure }, await judgedOutside(trials, recogniser), trials, seconds);
}

/** The same trials, as the outside recogniser judges what was spoken in them. */
async function judgedOutside(trials: readonly Trial[], recogniser: OutsideRecogniser): Promise<Trial[]> {
  const clips = trials.flatMap(({ spoken }) => (spoken ? [spoken.made, spoken.truth, spoken.inTwo] : []));
  const heard = (await recogniser.hear(clips.filter((clip) => clip !== undefined))).values();
  return trials.map((trial) => {
    if (!trial.spoken) return trial;
    const { said, inTwo } = trial.spoken;
    const form = dictionaryForm(said);
    const [made, truth] = [heard.next().value!, heard.next().value!];
    return {
      ...trial,
      right: made === form,
      ceiling: truth === form,
      twoSteps: inTwo ? heard.next().value === form : trial.twoSteps,
      words: wordErrors(made, form),
      ceilingWords: wordErrors(truth, form),
      understood: made,
    };
  });
}
