/** The comparison as Markdown: times, memory and costs of each way; how often its pictures are right; the patch stage. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { weightsDirectory } from '../diffusion/open.ts';
import { measureTitles } from '../matrix/cells/world.ts';
import { measures } from '../matrix/items.ts';
import { share } from '../matrix/trial.ts';
import { wilson } from '../matrix/wilson.ts';
import { median, table } from '../measure.ts';
import type { Asked, Comparison, Row } from './compare.ts';
import type { Looked } from './look.ts';

export async function printComparison({ rows, asked, emptyMiB, stage }: Comparison): Promise<void> {
  const { steps, processorMinutes } = await training();
  console.log(
    `The model's decoder (AR) beside a latent-diffusion baseline, ${asked.length} held-out prompts in English and Korean, the same prompts and seeds for both. The baseline was trained for ${steps} steps, ${processorMinutes} minutes of one core. Times are medians; memory is the peak of a process that does nothing else (${emptyMiB.toFixed(0)} MiB of it are a process with the runtime alone).\n`,
  );
  console.log(table(costHead, rows.map(costLine)));
  console.log(`\nPictures the judge finds right, of all prompts of a measure, and 95 % Wilson intervals.\n`);
  console.log(
    table(
      ['way', 'all', ...measures.map((measure) => measureTitles[measure])],
      rows.map((row) => [
        row.way.name,
        rightOf(row.looked),
        ...measures.map((measure) => rightOf(ofMeasure(row, asked, measure))),
      ]),
    ),
  );
  if (stage) {
    console.log(
      `\nThe patch stage alone, all ${stage.patches} patches of a picture in one call; one patch holds ${kib(stage.patchBytes)} between its steps.\n`,
    );
    console.log(
      table(
        ['sharpening and enlarging by', 'multiply-adds', 'weights', 'ms'],
        stage.rows.map(({ name, multiplyAdds, weightBytes, ms }) => [
          name,
          millions(multiplyAdds),
          megabytes(weightBytes),
          ms.toFixed(1),
        ]),
      ),
    );
  }
  console.log('');
}

const costHead = [
  'way',
  'first seen',
  'first recognised',
  'whole picture',
  'event loop stood still',
  'peak resident',
  'weights',
  'multiply-adds',
  'state between steps',
  'right',
];

function costLine({ way, ran, looked, costs }: Row): string[] {
  const recognised = looked.flatMap(({ recognised }) => recognised ?? []);
  return [
    way.name,
    ms(median(looked.map(({ first }) => first))),
    recognised.length === 0 ? 'never' : ms(median(recognised)),
    ms(median(looked.map(({ total }) => total))),
    ms(Math.max(...looked.map(({ delay }) => delay))),
    `${ran.peakMiB.toFixed(0)} MiB`,
    megabytes(costs.weightBytes),
    millions(costs.multiplyAdds),
    kib(costs.stateBytes),
    rightOf(looked),
  ];
}

const ofMeasure = ({ looked }: Row, asked: readonly Asked[], measure: string): Looked[] =>
  looked.filter((_, i) => asked[i]!.item.measure === measure);

/** `45 % (31–60)` */
export function rightOf(looked: readonly Looked[]): string {
  const score = share(looked.map(({ right }) => right));
  if (score === undefined) return '';
  const [low, high] = wilson(score.hits, score.n).map((end) => (100 * end).toFixed(0));
  return `${((100 * score.hits) / score.n).toFixed(0)} % (${low}–${high})`;
}

const ms = (value: number): string => `${value.toFixed(0)} ms`;
const millions = (value: number): string => `${(value / 1e6).toFixed(0)} M`;
const megabytes = (value: number): string => `${(value / 1e6).toFixed(1)} MB`;
const kib = (value: number): string => `${(value / 1024).toFixed(1)} KiB`;

/** What the trainer wrote beside the weights. */
async function training(): Promise<{ steps: number; processorMinutes: number }> {
  return JSON.parse(await readFile(join(weightsDirectory, 'training.json'), 'utf8'));
}
