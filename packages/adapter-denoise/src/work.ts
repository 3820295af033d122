/**
 * The work on one picture: takes the tokenizer's patches, says which go through the refiner next, and turns results
 * into patches to send. Holds the state, runs nothing. The final picture depends on the latest revision of every
 * patch alone: each is refined from exact pixels of itself and its neighbours, so order and lost drafts do not matter.
 */
import type { ImageDelta } from '@any-to-any/core';
import type { Scale } from './options.ts';
import { middleOf, putPixels, readWindow } from './picture/canvas.ts';
import { checkDelta, checkSize, cutPixels, scaled } from './picture/delta.ts';
import { around, patchesUnder, patchGrid, rectangleOf } from './picture/grid.ts';
import { checkIds, emptyIdMap, type IdMap, putIds, readIds } from './picture/ids.ts';
import { planarOf, rgbaOf } from './picture/rgba.ts';
import { createQueue, type Queue } from './queue.ts';
import type { Patch, Refined, Refiner } from './refiner.ts';
import { createSent, type Sent } from './sent.ts';
import { createStage, type Stage } from './stage.ts';
import { levelsBetween, stepTowards } from './step.ts';

export interface WorkSettings {
  readonly refiner: Refiner;
  /** Noise before every step, and 0. */
  readonly sigmas: readonly number[];
  /** How many times larger the picture becomes. */
  readonly scale: Scale;
  readonly delay: number;
  /** Fewer than there are steps. */
  readonly previews: number;
  readonly stop: number;
  readonly inFlight: number;
  /** Absent: the refiner asks for no ids. */
  readonly ids?: { readonly factor: number; readonly codes: number; readonly beside: number } | undefined;
}

/** A patch on its way. */
interface Job {
  readonly index: number;
  /** False: the preview of a draft, which ends before its last step. */
  readonly isFinal: boolean;
  /** False once the job is for nothing, because what it began with has changed. */
  readonly isWanted: () => boolean;
  readonly window: Float32Array;
  readonly ids: Int32Array;
  step: number;
  state: Float32Array;
}

export interface Batch {
  readonly jobs: readonly Job[];
  readonly patches: readonly Patch[];
}

export class Work {
  readonly #settings: WorkSettings;
  readonly #queue: Queue<Job>;
  #stage: Stage | undefined;
  /** Latest revision that came, by patch. */
  #revisions = new Float64Array();
  #ids: IdMap | undefined;
  #sent: Sent = createSent(0);

  constructor(settings: WorkSettings) {
    this.#settings = settings;
    this.#queue = createQueue(settings.delay, settings.inFlight);
  }

  /** True while two calls' worth of patches are ready: nobody should hand in more. */
  get isFull(): boolean {
    return this.#queue.length >= 2 * this.#settings.inFlight;
  }

  /** Takes a patch and returns what of it is to be sent on, as the blurred patch it is here. Throws CONTENT_INVALID. */
  receive(delta: ImageDelta): ImageDelta[] {
    const stage = this.#stage ?? this.#open(delta);
    const { grid } = stage.canvas;
    checkDelta(delta, grid);
    const { rectangle, ids } = delta;
    if (ids !== undefined && this.#ids !== undefined) checkIds(this.#ids, rectangle, ids);
    const under = patchesUnder(grid, rectangle);
    const newer = under.filter((index) => delta.revision > this.#revisions[index]!);
    const pixels = planarOf(delta.data);
    for (const index of newer) {
      const own = rectangleOf(grid, index);
      putPixels(stage.canvas, own, cutPixels(pixels, rectangle, own), own.width);
      if (ids !== undefined && this.#ids !== undefined) putIds(this.#ids, rectangle, ids, own);
      this.#revisions[index] = delta.revision;
      stage.touch(index, delta.sigma === 0);
    }
    if (delta.sigma > 0 && this.#settings.previews > 0)
      for (const index of newer) this.#add(stage, index, false);
    this.#addDue(stage, newer);
    const sigma = Math.max(delta.sigma, this.#settings.sigmas[0]!);
    const revision = newer.length === under.length ? this.#sent.next(under, sigma) : undefined;
    if (revision !== undefined) return [{ ...delta, revision, sigma }];
    return newer.flatMap((index) => {
      const own = rectangleOf(grid, index);
      return this.#send(stage, index, 1, cutPixels(pixels, rectangle, own), own.width, sigma);
    });
  }

  /** Nothing more comes: what is there is all there is. */
  end(): void {
    if (this.#stage === undefined) return;
    this.#stage.complete();
    this.#addDue(this.#stage, [...this.#stage.canvas.known.keys()]);
  }

  /** What goes through the refiner next, in one call. No patches: nothing to do for now. */
  take(): Batch {
    const jobs = this.#queue.tick((job) => job.isWanted());
    const { sigmas, scale } = this.#settings;
    const patches = jobs.map(({ index, window, state, step, ids, isFinal }): Patch => {
      const { columns } = this.#stage!.canvas.grid; // there are jobs of one
      const [row, column] = [Math.floor(index / columns), index % columns];
      const enlarge = isFinal && sigmas[step + 1] === 0 ? scale : 1;
      return { window, state, sigma: sigmas[step]!, row, column, ids, enlarge };
    });
    return { jobs, patches };
  }

  /** The results of `take`, in its order → patches to send. */
  settle({ jobs }: Batch, refined: readonly Refined[]): ImageDelta[] {
    return jobs.flatMap((job, i) => (job.isWanted() ? this.#advance(job, refined[i]!) : []));
  }

  #open(delta: ImageDelta): Stage {
    checkSize(delta);
    const { refiner, ids } = this.#settings;
    const grid = patchGrid(delta.width, delta.height, refiner.side);
    this.#revisions = new Float64Array(grid.columns * grid.rows).fill(-1);
    this.#sent = createSent(grid.columns * grid.rows);
    if (ids !== undefined) this.#ids = emptyIdMap(grid, ids.factor, ids.codes);
    this.#stage = createStage(grid);
    return this.#stage;
  }

  /** Adds the patches that see one of `touched` and have all they need. */
  #addDue(stage: Stage, touched: readonly number[]): void {
    for (const index of new Set(touched.flatMap((each) => around(stage.canvas.grid, each)))) {
      if (!stage.isDue(index)) continue;
      stage.ask(index);
      this.#add(stage, index, true);
    }
  }

  #add({ canvas, versionOf, stampOf }: Stage, index: number, isFinal: boolean): void {
    const { refiner, ids } = this.#settings;
    const now = isFinal ? stampOf : versionOf;
    const before = now(index);
    const window = readWindow(canvas, index, refiner.halo);
    this.#queue.add({
      index,
      isFinal,
      isWanted: () => now(index) === before,
      window,
      ids:
        ids === undefined || this.#ids === undefined
          ? new Int32Array()
          : readIds(this.#ids, canvas.grid, index, ids.beside),
      step: 0,
      state: middleOf(window, refiner.side, refiner.halo),
    });
  }

  #advance(job: Job, { sharp, large }: Refined): ImageDelta[] {
    const { refiner, sigmas, scale, previews, stop } = this.#settings;
    const stage = this.#stage!; // the job is of it
    const { side } = refiner;
    const next = sigmas[job.step + 1]!;
    const isStill = levelsBetween(job.state, sharp) < stop;
    const isLast = next === 0 || (isStill && (!job.isFinal || scale === 1));
    job.state = isLast ? sharp : stepTowards(job.state, sharp, sigmas[job.step]!, next);
    // What is still needs no more steps but the last, which enlarges it.
    job.step = isStill ? sigmas.length - 2 : job.step + 1;
    if (isLast || (!job.isFinal && job.step >= previews)) this.#queue.remove(job);
    if (!isLast || !job.isFinal) return this.#send(stage, job.index, 1, job.state, side, next);
    return this.#send(stage, job.index, scale, large ?? sharp, scale * side, 0);
  }

  /** A patch, `times` times larger: `pixels [3, …, stride]`. Empty if sharper was sent before. */
  #send(
    { canvas: { grid } }: Stage,
    index: number,
    times: number,
    pixels: Float32Array,
    stride: number,
    sigma: number,
  ): ImageDelta[] {
    const revision = this.#sent.next([index], sigma);
    if (revision === undefined) return [];
    const rectangle = scaled(rectangleOf(grid, index), times);
    const data = rgbaOf(pixels, stride, rectangle.width, rectangle.height);
    const [width, height] = [grid.width * times, grid.height * times];
    return [{ modality: 'image', width, height, rectangle, data, revision, sigma }];
  }
}
