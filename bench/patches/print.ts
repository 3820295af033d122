/** `npm run bench patches`: the patch stage of the shipped bundle on held-out scenes, as tables. */
import { join } from 'node:path';
import { locateBundle, openBundle, openDevice } from '@any-to-any/core';
import { table } from '../measure.ts';
import { measureHeads } from './heads.ts';
import { loadTruths } from './pictures.ts';
import { measureSchedules, measureSizes, type ScheduleRow } from './quality.ts';
import { openStage } from './stage.ts';
import { measureTiming } from './timing.ts';

const milliseconds = (value: number): string => `${value.toFixed(1)} ms`;
const decibels = (value: number): string => value.toFixed(2);

/** `root`: a temporary directory. */
export async function printPatches(
  repository: string,
  root: string,
  tell: (text: string) => void,
): Promise<void> {
  const model = locateBundle('@any-to-any/model-emoji', import.meta.url);
  const device = await openDevice();
  tell('measuring the patch stage');
  const stage = await openStage(await openBundle(model), device);
  const { scenes, larger } = await loadTruths(join(repository, 'bench/patches/items'));
  const { steps } = stage.options.schedule;

  console.log(`Patch stage on ${scenes.length} held-out scenes: PSNR in dB against true renders.\n`);
  const head = ['schedule', 'drawn', 'after step 1', '2', '3', '4', '128²', '256²'];
  console.log(table(head, (await measureSchedules(stage, scenes)).map(scheduleCells)));

  console.log('\nAs the bundle runs it, beside Lanczos of what was drawn.\n');
  const sizes = await measureSizes(stage, [scenes, larger]);
  console.log(
    table(
      ['drawn', 'enlarged', 'Lanczos', 'stage', 'gain', 'seam ratio'],
      sizes.map(({ drawn, side, lanczos, stage: ours, seams }) => [
        `${drawn}²`,
        `${side}²`,
        decibels(lanczos),
        decibels(ours),
        decibels(ours - lanczos),
        seams.toFixed(3),
      ]),
    ),
  );

  console.log('\nWhile the model draws 64² from words; medians of nine alternating calls.\n');
  console.log(
    table(
      [
        'picture',
        'first patch',
        'last patch after the last id',
        'whole',
        'share of the stage',
        'worst event-loop delay',
      ],
      (await measureTiming(model)).map((row) => [
        row.scale === 0 ? 'as drawn' : `${64 * row.scale}²`,
        milliseconds(row.firstPatch),
        milliseconds(row.afterLastId),
        milliseconds(row.whole),
        `${(100 * row.share).toFixed(1)} %`,
        milliseconds(row.worstDelay),
      ]),
    ),
  );

  const heads = await measureHeads(repository, root, device, steps);
  console.log('\nOne trunk with both heads, or a denoiser and an enlarger apart; 16 patches a call.\n');
  console.log(
    table(
      ['both', 'denoiser', 'enlarger', `a step, both results`, `a picture of ${steps} steps`],
      [
        [
          milliseconds(heads.joint),
          milliseconds(heads.sharp),
          milliseconds(heads.large),
          `${heads.step.toFixed(2)}×`,
          `${heads.picture.toFixed(2)}×`,
        ],
      ],
    ),
  );
  console.log(
    `\nResident at most, of the whole run: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB.\n`,
  );
  device.close();
}

function scheduleCells({ schedule, steps, double, quadruple }: ScheduleRow): string[] {
  const name = `${schedule.kind}, ${schedule.steps} ${schedule.steps === 1 ? 'step' : 'steps'}`;
  const after = Array.from({ length: 5 }, (_, step) =>
    steps[step] === undefined ? '' : decibels(steps[step]),
  );
  return [name, ...after, decibels(double), decibels(quadruple)];
}
