/**
 * One turn of a conversation: prefills the prompt, generates the segments of the answer and tells events.
 * Everything flows one way: ids → tokenizer → adapters → events; whoever stops pulling stops the decoder.
 */
import type { Content } from '../contract/content.ts';
import type { Delta } from '../contract/delta.ts';
import type { EngineSequence, Run } from '../contract/engine.ts';
import type { Event, Finish } from '../contract/event.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';
import { maskMarks } from '../decoder/grammar.ts';
import { uniform } from '../decoder/random.ts';
import { countPositions, lastPosition } from '../decoder/runs.ts';
import { sample } from '../decoder/sampling/sampler.ts';
import { AnyToAnyError } from '../errors.ts';
import type { Emit } from './channel.ts';
import type { Machine } from './machine.ts';
import { segmentOptions } from './options.ts';
import {
  buildPrompt,
  countPlaces,
  markRuns,
  type PromptSegment,
  runsOf,
  unconditionalRuns,
} from './prompt.ts';
import { refineDeltas } from './refine.ts';
import type { CheckedRequest } from './request.ts';
import { fittingModalities } from './room.ts';
import { type Drawn, drawIds } from './segment.ts';
import { sayVoice } from './voice.ts';

/** What a turn leaves in its conversation. */
export interface Context {
  readonly sequence: EngineSequence;
  /** Segments so far. */
  segments: number;
  /** Positions that are decided but not yet in the cache; they are prefilled with the next turn. */
  pending: Run[];
  /** The last position in the cache. */
  last?: Run | undefined;
}

interface Tally {
  prefilled: number;
  generated: number;
}

export async function runTurn(
  machine: Machine,
  context: Context,
  request: CheckedRequest,
  emit: Emit<Event>,
  signal: AbortSignal,
): Promise<void> {
  const { space } = machine;
  checkTargets(machine, request);
  const reused = context.sequence.length;
  const tally: Tally = { prefilled: 0, generated: 0 };
  const prompt = await buildPrompt({ ...request, signal }, machine, context.segments);
  if (reused === 0 && context.pending.length === 0) context.pending = markRuns(space, space.begin);
  context.pending = [...context.pending, ...prompt.flatMap(runsOf)];
  context.segments += countPlaces(prompt);

  const most = request.to?.length ?? request.maxSegments;
  let reason: Finish['reason'] = request.to ? 'stop' : 'length';
  for (let index = 0; index < most; index++) {
    const modality = request.to
      ? request.to[index]!
      : await chooseModality(machine, context, request, index, tally, signal);
    if (modality === undefined) {
      reason = 'end';
      break;
    }
    if (index > 0) await introduce(machine, context, request, modality, signal);
    await generateSegment({ machine, context, request, prompt, modality, index, tally, emit, signal });
  }
  await emit({ type: 'finish', reason, usage: { ...tally, reused } });
}

/** A modality that is only read has a region and no head. */
function checkTargets({ generates }: Machine, { to = [] }: CheckedRequest): void {
  const modality = to.find((one) => !generates.includes(one));
  if (modality === undefined) return;
  throw new AnyToAnyError(
    'MODALITY_UNKNOWN',
    `The model cannot generate "${modality}"; it generates: ${generates.join(', ')}.`,
    { modality },
  );
}

/** A voice that follows other segments of the answer is named right before it speaks; the first one in the prompt. */
async function introduce(
  machine: Machine,
  context: Context,
  request: CheckedRequest,
  modality: string,
  signal: AbortSignal,
): Promise<void> {
  const content = sayVoice([], request.wordings, [modality]);
  const segments = await buildPrompt({ ...request, content, signal }, machine, context.segments);
  context.pending = [...context.pending, ...segments.flatMap(runsOf)];
  context.segments += countPlaces(segments);
}

interface SegmentJob {
  readonly machine: Machine;
  readonly context: Context;
  readonly request: CheckedRequest;
  readonly prompt: readonly PromptSegment[];
  readonly modality: string;
  readonly index: number;
  readonly tally: Tally;
  readonly emit: Emit<Event>;
  readonly signal: AbortSignal;
}

async function generateSegment(job: SegmentJob): Promise<void> {
  const { machine, context, request, modality, index, tally, emit, signal } = job;
  const { space, ports, scheduler } = machine;
  const region = space.region(modality);
  const tokenizer = await ports.tokenizer(modality);
  const options = segmentOptions(machine, request, modality);
  const shape = tokenizer.shape(options.shape);
  const state = { region, layout: tokenizer.layout, shape, maxIds: options.maxIds };
  const segment = context.segments++;

  await emit({ type: 'segment-start', segment: index, modality, shape });
  const rows = [context.sequence];
  try {
    const opening = markRuns(space, region.open).map((run) => ({ ...run, guide: options.guide }));
    const first = [await prefill(machine, context, opening, modality, tally, signal)];
    if (options.guidance !== 1 && !options.guide) {
      const unconditional = machine.engine.open();
      rows.push(unconditional);
      const runs = [
        ...markRuns(space, space.begin),
        ...unconditionalRuns(job.prompt, space, machine.unconditional, region.open),
        ...markRuns(space, region.open),
      ];
      checkPositions(runs);
      tally.prefilled += countPositions(runs);
      const [result] = await scheduler.prefill([{ sequence: unconditional, runs, head: modality }], signal);
      first.push(result!.logits);
    }
    const drawn: Drawn = { ids: [], pending: [] };
    const processors = ports.processors.filter((p) => p.modality === undefined || p.modality === modality);
    const ids = drawIds(
      { scheduler, state, segment, rows, processors, seed: request.seed, signal, ...options },
      first,
      drawn,
    );
    const total = tokenizer.layout.count(shape);
    const counted = tellProgress(ids, emit, index, total, machine.now);
    const content = await decodeSegment(job, tokenizer, counted, shape);
    tally.generated += drawn.ids.length;
    context.pending = [...drawn.pending, ...markRuns(space, region.close)];
    context.last = drawn.last ?? context.last;
    await emit({ type: 'segment-end', segment: index, content, ids: Uint32Array.from(drawn.ids) });
  } finally {
    rows[1]?.dispose();
  }
}

/** Ids → deltas → adapters → events; returns the joined content. */
async function decodeSegment(
  job: SegmentJob,
  tokenizer: Tokenizer,
  ids: AsyncIterable<number>,
  shape: ReturnType<Tokenizer['shape']>,
): Promise<Content> {
  const { machine, request, modality, index, emit, signal } = job;
  const decoded = tokenizer.decode(ids, { shape, signal });
  const own = request.options[modality] ?? {};
  const deltas = await refineDeltas(decoded, machine.ports, modality, own, { shape, signal });
  const kept: Delta[] = [];
  for await (const delta of deltas) {
    kept.push(delta);
    await emit({ type: 'segment-delta', segment: index, delta });
  }
  return tokenizer.join(kept);
}

async function* tellProgress(
  ids: AsyncIterable<number>,
  emit: Emit<Event>,
  segment: number,
  total: number | undefined,
  now: () => number,
): AsyncGenerator<number, void, undefined> {
  const began = now();
  let done = 0;
  for await (const id of ids) {
    done++;
    const seconds = Math.max(1e-6, (now() - began) / 1000);
    await emit({ type: 'progress', segment, done, total, rate: done / seconds });
    yield id;
  }
}

/** Lets the head of the marks choose what comes next; undefined: the end. */
async function chooseModality(
  machine: Machine,
  context: Context,
  request: CheckedRequest,
  index: number,
  tally: Tally,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { space } = machine;
  const logits = await prefill(machine, context, [], 'marks', tally, signal);
  const fitting = await fittingModalities(machine, request, context.sequence.length);
  // Where nothing fits and it may not end either, the choice is left to fail with the size of the context.
  const legal = fitting.length > 0 || index > 0 ? fitting : machine.generates;
  maskMarks(logits, space, legal, index > 0);
  const mark = sample(logits, {}, [], uniform(request.seed, context.sequence.length));
  return space.regions.find((region) => region.open === mark)?.modality;
}

/** Appends what is pending and then `runs`; returns the logits of `head` after the last position. */
async function prefill(
  machine: Machine,
  context: Context,
  runs: readonly Run[],
  head: string,
  tally: Tally,
  signal: AbortSignal,
): Promise<Float32Array> {
  let all = [...context.pending, ...runs];
  if (countPositions(all) === 0 && context.last !== undefined) {
    // Between silent marks nothing is appended: the last position once more, for this head.
    context.sequence.truncate(context.sequence.length - 1);
    all = [context.last];
  }
  checkPositions(all);
  const [result] = await machine.scheduler.prefill([{ sequence: context.sequence, runs: all, head }], signal);
  tally.prefilled += countPositions(all);
  context.pending = [];
  context.last = lastPosition(all);
  return result!.logits;
}

/** A model whose sequences begin without a mark has nothing to go on where there is no content. */
function checkPositions(runs: readonly Run[]): void {
  if (countPositions(runs) > 0) return;
  throw new AnyToAnyError('CONTENT_INVALID', 'The sequence is empty. Begin with some content.', {
    stage: 'prefill',
  });
}
