/**
 * The work on one picture: takes the tokenizer's patches, says which go through the refiner next, and turns results
 * into patches to send. Holds the state, runs nothing. The final picture depends on the latest revision of every
 * patch alone: each is refined from exact pixels of itself and its neighbours, so order and lost drafts do not matter.
 */
import type { ImageDelta } from '@any-to-any/core';
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
  /** How often the picture is enlarged: 0, 1, 2. */
  readonly enlargements: number;
  readonly delay: number;
  /** Fewer than there are steps. */
  readonly previews: number;
  readonly stop: number;
  readonly inFlight: number;
  /** Absent: the refiner asks for no ids. */
  readonly ids?: { readonly factor: number; readonly codes: number } | undefined;
}

/** A patch on its way. */
interface Job {
  readonly stage: number;
  readonly index: number;
  /** False: the preview of a draft, which ends before its last step. */
  readonly isFinal: boolean;
  /** False once the job is for nothing, because what it began with has changed. */
  readonly isWanted: () => boolean;
  readonly window: Float32Array;
  readonly ids: Int32Array;
  readonly sigmas: readonly number[];
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
  readonly #stages: Stage[] = [];
  /** Latest revision that came, by patch. */
  #revisions = new Float64Array();
  #ids: IdMap | undefined;
  #sent: Sent = createSent(0);
  #isEnded = false;

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
    if (this.#stages.length === 0) this.#open(delta);
    const stage = this.#stages[0]!;
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
    if (delta.sigma > 0 && this.#settings.previews > 0) for (const index of newer) this.#add(0, index, false);
    this.#addDue(0, newer);
    const sigma = Math.max(delta.sigma, this.#settings.sigmas[0]!);
    const revision = newer.length === under.length ? this.#sent.next(under, sigma) : undefined;
    if (revision !== undefined) return [{ ...delta, revision, sigma }];
    return newer.flatMap((index) => {
      const own = rectangleOf(grid, index);
      return this.#send(0, index, 1, cutPixels(pixels, rectangle, own), own.width, sigma);
    });
  }

  /** Nothing more comes: what is there is all there is. */
  end(): void {
    this.#isEnded = true;
    this.#complete(0);
  }

  /** What goes through the refiner next, in one call. No patches: nothing to do for now. */
  take(): Batch {
    if (this.#isEnded) {
      for (let stage = 1; stage < this.#stages.length && this.#queue.length === 0; stage++)
        this.#complete(stage);
    }
    const jobs = this.#queue.tick((job) => job.isWanted());
    const patches = jobs.map(({ stage, index, window, state, sigmas, step, ids }): Patch => {
      const { columns } = this.#stages[stage]!.canvas.grid;
      const [row, column] = [Math.floor(index / columns), index % columns];
      return { window, state, sigma: sigmas[step]!, row, column, ids };
    });
    return { jobs, patches };
  }

  /** The results of `take`, in its order → patches to send. */
  settle({ jobs }: Batch, refined: readonly Refined[]): ImageDelta[] {
    return jobs.flatMap((job, i) => (job.isWanted() ? this.#advance(job, refined[i]!) : []));
  }

  #open(delta: ImageDelta): void {
    checkSize(delta);
    const { refiner, enlargements, ids } = this.#settings;
    for (let stage = 0; stage < Math.max(1, enlargements); stage++) {
      const scale = refiner.enlarges ** stage;
      this.#stages.push(createStage(patchGrid(scale * delta.width, scale * delta.height, refiner.side)));
    }
    const { grid } = this.#stages[0]!.canvas;
    this.#revisions = new Float64Array(grid.columns * grid.rows).fill(-1);
    this.#sent = createSent(grid.columns * grid.rows);
    if (ids !== undefined) this.#ids = emptyIdMap(grid, ids.factor, ids.codes);
  }

  #complete(stage: number): void {
    const found = this.#stages[stage];
    if (found === undefined || found.isComplete) return;
    found.complete();
    this.#addDue(stage, [...found.canvas.known.keys()]);
  }

  /** Adds the patches that see one of `touched` and have all they need. */
  #addDue(stage: number, touched: readonly number[]): void {
    const found = this.#stages[stage]!;
    for (const index of new Set(touched.flatMap((each) => around(found.canvas.grid, each)))) {
      if (!found.isDue(index)) continue;
      found.ask(index);
      this.#add(stage, index, true);
    }
  }

  #add(stage: number, index: number, isFinal: boolean): void {
    const { refiner, sigmas } = this.#settings;
    const { canvas, versionOf, stampOf } = this.#stages[stage]!;
    const now = isFinal ? stampOf : versionOf;
    const before = now(index);
    const window = readWindow(canvas, index, refiner.halo);
    const ids = this.#ids === undefined ? new Int32Array() : readIds(this.#ids, canvas.grid, index);
    this.#queue.add({
      stage,
      index,
      isFinal,
      isWanted: () => now(index) === before,
      window,
      // Ids lie under the first stage only.
      ids: stage === 0 ? ids : ids.fill(this.#ids?.unknown ?? 0),
      sigmas: stage === 0 ? sigmas : [0, 0],
      step: 0,
      state: middleOf(window, refiner.side, refiner.halo),
    });
  }

  #advance(job: Job, { sharp, large }: Refined): ImageDelta[] {
    const { refiner, enlargements, previews, stop } = this.#settings;
    const { side, enlarges } = refiner;
    const next = job.sigmas[job.step + 1]!;
    const isLast = next === 0 || levelsBetween(job.state, sharp) < stop;
    job.state = isLast ? sharp : stepTowards(job.state, sharp, job.sigmas[job.step]!, next);
    job.step++;
    if (isLast || (!job.isFinal && job.step >= previews)) this.#queue.remove(job);
    if (!isLast || !job.isFinal) return this.#send(job.stage, job.index, 1, job.state, side, next);
    if (enlargements === 0) return this.#send(job.stage, job.index, 1, sharp, side, 0);
    const isEnd = job.stage === this.#stages.length - 1;
    // Between two enlargements less noise is left than before any step, but some.
    const sigma = isEnd ? 0 : job.sigmas.at(-2)! / 2;
    const sent = this.#send(job.stage, job.index, enlarges, large, enlarges * side, sigma);
    if (!isEnd) this.#hand(job, large);
    return sent;
  }

  /** Puts an enlarged patch into the next stage. Where it is as before, nothing is done again. */
  #hand({ stage, index }: Job, large: Float32Array): void {
    const { side, enlarges } = this.#settings.refiner;
    const next = this.#stages[stage + 1]!;
    const { grid, known } = next.canvas;
    const whole = scaled(rectangleOf(this.#stages[stage]!.canvas.grid, index), enlarges);
    const outer = { ...whole, width: enlarges * side, height: enlarges * side };
    const touched = patchesUnder(grid, whole).filter((each) => {
      const own = rectangleOf(grid, each);
      const isChanged = putPixels(next.canvas, own, cutPixels(large, outer, own), own.width);
      return isChanged || known[each] === 0;
    });
    for (const each of touched) next.touch(each, true);
    this.#addDue(stage + 1, touched);
  }

  /** A patch of a stage, `times` times larger than there: `pixels [3, …, stride]`. Empty if sharper was sent before. */
  #send(
    stage: number,
    index: number,
    times: number,
    pixels: Float32Array,
    stride: number,
    sigma: number,
  ): ImageDelta[] {
    const { side, enlarges } = this.#settings.refiner;
    const { grid } = this.#stages[stage]!.canvas;
    const own = rectangleOf(grid, index);
    const root = this.#stages[0]!.canvas.grid;
    const per = side * enlarges ** stage;
    const under = Math.floor(own.y / per) * root.columns + Math.floor(own.x / per);
    const revision = this.#sent.next([under], sigma);
    if (revision === undefined) return [];
    const rectangle = scaled(own, times);
    const data = rgbaOf(pixels, stride, rectangle.width, rectangle.height);
    const [width, height] = [grid.width * times, grid.height * times];
    return [{ modality: 'image', width, height, rectangle, data, revision, sigma }];
  }
}
