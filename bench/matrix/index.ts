/**
 * `npm run matrix [-- --count N --only PART --model PATH --samples --speed]`: what the default model makes of held-out
 * items, for every pair of {text, picture, sound}, judged beside the best that could be. Needs no Python; the items and the
 * judges are in `items/`. `--speed` then measures how fast it is; `--samples` also writes docs/samples/matrix.md with the
 * pictures and sounds of this run.
 */
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { locateBundle, openDevice, openGraph } from '@any-to-any/core';
import { printDefaultModel, printSound } from '../speed.ts';
import { cellsFromAudio } from './cells/from-audio.ts';
import { cellsFromImage } from './cells/from-image.ts';
import { cellsFromText } from './cells/from-text.ts';
import { loadItems } from './items.ts';
import { openModel } from './model.ts';
import { writeSamples } from './page/samples.ts';
import { pictureJudge } from './picture/judge.ts';
import { runCell } from './run.ts';
import { speechJudge } from './speech/judge.ts';
import { findOutsideRecogniser } from './speech/outside.ts';
import { pairOf, percent, type Result, square, wholeTable } from './table.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20' },
    only: { type: 'string', multiple: true, default: [] },
    model: { type: 'string' },
    samples: { type: 'boolean', default: false },
    speed: { type: 'boolean', default: false },
  },
});
const count = Number(values.count);
if (!Number.isInteger(count) || count < 1) {
  console.error(`--count is a whole number from 1, not "${values.count}".`);
  process.exit(2);
}
const tell = (text: string): void => console.error(text);

const began = performance.now();
const repository = fileURLToPath(new URL('../../../', import.meta.url)); // from bench/dist/matrix
const folder = join(repository, 'bench/matrix/items');
const directory = values.model
  ? resolve(values.model)
  : locateBundle('@any-to-any/model-emoji', import.meta.url);
const items = await loadItems(folder);
const device = await openDevice();
const model = await openModel(directory, device);
const outside = await findOutsideRecogniser(items.grammar);
const pictureGraph = await openGraph(device, join(folder, 'picture-judge.onnx'));
const speechGraph = await openGraph(device, join(folder, 'speech-judge.onnx'));
const world = {
  items,
  model,
  pictures: pictureJudge(pictureGraph, items.colours),
  speech: speechJudge(speechGraph, items),
};
const noOutside =
  'No pocketsphinx_batch here (Debian: pocketsphinx, pocketsphinx-en-us): ENGLISH SPEECH IS JUDGED BY OUR OWN SPEECH JUDGE ALONE.';
if (!outside) tell(noOutside);

const cells = [
  ...cellsFromText(world, count),
  ...cellsFromImage(world, count),
  ...cellsFromAudio(world, count),
];
const wanted = cells.filter((cell) => {
  const name = `${pairOf(cell)} ${cell.title}`;
  return values.only.length === 0 || values.only.some((part) => name.includes(part));
});
const results: Result[] = [];
for (const [i, cell] of wanted.entries()) {
  if (!model.can(cell.from, cell.to)) {
    results.push({ cell, missing: true });
    continue;
  }
  const row = await runCell(cell, outside);
  results.push(row);
  tell(
    `${i + 1} of ${wanted.length}: ${pairOf(cell)}, ${cell.title}: ${percent(row.score)} of ${row.score.n}, ${row.seconds.toFixed(1)} s each`,
  );
}
await model.close();
pictureGraph.close();
speechGraph.close();
device.close();

const minutes = (performance.now() - began) / 60_000;
const about = [
  `What ${model.name} makes of held-out items: combinations of object, colour, count and place that its training never showed ("one object" on white is the exception: those it has seen), and sentences it never heard. Made by \`npm run matrix -- --count ${count} --samples\` on ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, in ${minutes.toFixed(0)} minutes; the seeds are fixed, so it can be made again. Under each measure stand its first items, not the best ones.`,
  'Pictures are judged by a small network, speech by a recogniser; neither has seen anything that this model made. **Ceiling** is what the judge says of the truth: of the true picture, of the true clip through the model’s own sound codec. **Two steps** is the way by text: first described or written down, then drawn or spoken. **Word errors** are per word of the true sentence, for the answer or for what the judge hears. The intervals are 95 % Wilson intervals. Seconds are of one item, judging included.',
  'English speech is judged by **pocketsphinx**, an outside recogniser, with a grammar of all descriptions: it must hear every word. Korean speech is judged by our own **speech judge**, which picks what it hears from a list of 100 sentences like it; where pocketsphinx judges, its answers stand in columns of their own. A sound is right if it is nearer to the mean of the true ones, by loudness in bands of pitch, than to any of 19 others.',
  ...(outside ? [] : [noOutside]),
];
console.log(`\n${square(results)}\n\n${wholeTable(results)}\n`);
console.log(`${model.name}, ${minutes.toFixed(1)} minutes.${outside ? '' : `\n${noOutside}`}`);
if (values.samples) {
  await writeSamples(join(repository, 'docs/samples'), results, about);
  console.log('docs/samples/matrix.md is written.');
}
if (values.speed) {
  console.log('');
  await printDefaultModel(tell, directory);
  await printSound(tell, directory);
}
