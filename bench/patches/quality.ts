/** How near the patch stage comes to the truth: after every step, at every size, by every schedule; and its seams. */
import { type SigmaSchedule, sigmasOf } from '@any-to-any/adapter-denoise';
import type { ImageContent, ImageDelta } from '@any-to-any/core';
import { joinImage } from '@any-to-any/tokenizer-image';
import { psnr, seamRatio, type Truth } from './pictures.ts';
import type { Drawn, Stage } from './stage.ts';

export interface ScheduleRow {
  readonly schedule: SigmaSchedule;
  /** Decibels at the size that was drawn: as drawn, and after every step. */
  readonly steps: readonly number[];
  readonly double: number;
  readonly quadruple: number;
}

export interface SizeRow {
  /** Pixels a side. */
  readonly drawn: number;
  readonly side: number;
  /** Decibels. */
  readonly lanczos: number;
  readonly stage: number;
  readonly seams: number;
}

/** The schedules that are compared with the bundle's own; the network has learnt noise between its ends. */
export function schedulesBeside(own: SigmaSchedule): SigmaSchedule[] {
  const { from, to } = own;
  const evenly = [1, 2, 4].map((steps): SigmaSchedule => ({ kind: 'log-linear', from, to, steps }));
  return [own, ...evenly, { kind: 'karras', from, to, steps: 3, rho: 7 }];
}

export async function measureSchedules(stage: Stage, truths: readonly Truth[]): Promise<ScheduleRow[]> {
  const drawn = await drawAll(stage, truths);
  const rows: ScheduleRow[] = [];
  for (const schedule of schedulesBeside(stage.options.schedule)) {
    const levels = sigmasOf(schedule);
    const steps: number[][] = levels.map(() => []);
    const double: number[] = [];
    const quadruple: number[] = [];
    for (const [i, truth] of truths.entries()) {
      const sent = await stage.refine(drawn[i]!, { schedule, scale: 1, stop: 0, previews: 0 });
      for (const [step, level] of levels.entries())
        steps[step]!.push(psnr(pictureAt(sent, level), truth.small));
      const refined = async (scale: 2 | 4): Promise<ImageContent> =>
        joinImage(await stage.refine(drawn[i]!, { schedule, scale, stop: 0, previews: 0 }));
      double.push(psnr(await refined(2), truth.double));
      quadruple.push(psnr(await refined(4), truth.quadruple));
    }
    rows.push({ schedule, steps: steps.map(mean), double: mean(double), quadruple: mean(quadruple) });
  }
  return rows;
}

/** As the bundle says, stop included: the pictures of every list twice and four times as large. */
export async function measureSizes(stage: Stage, truths: readonly (readonly Truth[])[]): Promise<SizeRow[]> {
  const rows: SizeRow[] = [];
  for (const scenes of truths) {
    const drawn = await drawAll(stage, scenes);
    for (const scale of [2, 4] as const) {
      const truth = scenes.map((scene) => (scale === 2 ? scene.double : scene.quadruple));
      const all = async (refine: (one: Drawn) => Promise<ImageDelta[]>): Promise<ImageContent[]> => {
        const made: ImageContent[] = [];
        for (const one of drawn) made.push(joinImage(await refine(one)));
        return made;
      };
      const sharp = await all((one) => stage.refine(one, { scale }));
      const plain = await all((one) => stage.lanczos(one, scale));
      rows.push({
        drawn: scenes[0]!.small.width,
        side: truth[0]!.width,
        lanczos: mean(plain.map((picture, i) => psnr(picture, truth[i]!))),
        stage: mean(sharp.map((picture, i) => psnr(picture, truth[i]!))),
        seams: seamRatio(sharp, truth, 2 * stage.options.side),
      });
    }
  }
  return rows;
}

async function drawAll(stage: Stage, truths: readonly Truth[]): Promise<Drawn[]> {
  const drawn: Drawn[] = [];
  for (const { small } of truths) drawn.push(await stage.draw(small));
  return drawn;
}

/** The picture of the patches that went out with this much noise. */
function pictureAt(sent: readonly ImageDelta[], level: number): ImageContent {
  return joinImage(sent.filter(({ sigma }) => Math.abs(sigma - level) < 1e-9));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
