/**
 * One generated segment: draws its ids one by one (guidance, processors, grammar, sampling) for two rows at most.
 * Gets the logits of the first position, yields local ids, ends at the closing mark. Decoding them is not done here.
 */
import type { AppendRequest, EngineSequence, GuideUse, IdRun, Run } from '../contract/engine.ts';
import type { Processor } from '../contract/processor.ts';
import { maskSegment, nextInSegment, type SegmentState } from '../decoder/grammar.ts';
import { guide } from '../decoder/guidance.ts';
import { uniform } from '../decoder/random.ts';
import { type SamplingOptions, sample } from '../decoder/sampling/sampler.ts';
import type { Scheduler } from '../decoder/scheduler.ts';

export interface SegmentRun {
  readonly scheduler: Scheduler;
  readonly state: SegmentState;
  /** Number of the segment in its sequence. */
  readonly segment: number;
  /** The conditional row, then the unconditional one if guidance takes two. */
  readonly rows: readonly EngineSequence[];
  readonly guidance: number;
  readonly guide: GuideUse | undefined;
  readonly sampling: SamplingOptions;
  readonly processors: readonly Processor[];
  readonly seed: number;
  readonly signal: AbortSignal;
}

export interface Drawn {
  /** Local ids, closing mark excluded. */
  readonly ids: number[];
  /** Positions that are decided but not yet in the cache of the conditional row. */
  pending: Run[];
  /** The last id drawn. */
  last?: Run | undefined;
}

/** `first`: logits of every row at the segment's first position. Fills `drawn` as it goes. */
export async function* drawIds(
  run: SegmentRun,
  first: readonly Float32Array[],
  drawn: Drawn,
): AsyncGenerator<number, void, undefined> {
  const { state, rows, scheduler, signal } = run;
  let logits = first;
  while (nextInSegment(state, drawn.ids.length).kind === 'ids') {
    const id = pick(run, logits, drawn.ids);
    if (id === state.region.size) break;
    const step: IdRun = {
      port: state.region.modality,
      ids: Uint32Array.of(id),
      place: { segment: run.segment, start: drawn.ids.length, layout: state.layout, shape: state.shape },
      guide: run.guide,
    };
    drawn.ids.push(id);
    drawn.pending = [step];
    drawn.last = step;
    yield id;
    if (nextInSegment(state, drawn.ids.length).kind === 'close') break;
    const requests = rows.map(
      (sequence): AppendRequest => ({ sequence, runs: [step], head: state.region.modality }),
    );
    logits = (await scheduler.step({ requests, signal })).map((result) => result.logits);
    drawn.pending = [];
  }
}

function pick(run: SegmentRun, logits: readonly Float32Array[], ids: readonly number[]): number {
  const { state, guidance, processors, sampling, seed, rows } = run;
  const [scores, unconditional] = logits as [Float32Array, Float32Array?];
  if (unconditional) guide(scores, unconditional, guidance);
  for (const processor of processors) processor.process(scores, { modality: state.region.modality, ids });
  maskSegment(scores, nextInSegment(state, ids.length));
  return sample(scores, sampling, ids, uniform(seed, rows[0]!.length));
}
