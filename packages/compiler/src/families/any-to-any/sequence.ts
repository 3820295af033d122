/**
 * Runs of ids and embeddings → the decoder's inputs: embeddings, modality and buckets of every position.
 * The engine of `core` does the same step by step; this does a whole sequence at once.
 */
import { AnyToAnyError, type Run, type TokenSpace } from '@any-to-any/core';
import type { DecoderPlan } from './decoder.ts';
import type { Positions } from './run.ts';

export interface Ports {
  readonly plan: DecoderPlan;
  readonly space: TokenSpace;
  /** Embedding tables `[ids, width]` by port. */
  readonly tables: ReadonlyMap<string, Float32Array>;
}

export function placeRuns(runs: readonly Run[], { plan, space, tables }: Ports): Positions {
  const { width, context } = plan;
  const count = runs.reduce((sum, run) => sum + lengthOf(run), 0);
  if (count > context) {
    throw new AnyToAnyError(
      'CONTEXT_FULL',
      `A sequence of ${count} positions does not fit ${context}. Shorten it.`,
    );
  }
  const ports = ['marks', ...space.regions.map((region) => region.modality)];
  const embeds = new Float32Array(count * width);
  const modality = new Int32Array(count);
  const buckets = new Int32Array(plan.buckets ? count * context : 0);
  let at = 0;
  for (const run of runs) {
    const length = lengthOf(run);
    const index = ports.indexOf(run.port);
    const table = tables.get(run.port);
    if (index === -1 || table === undefined) {
      throw new AnyToAnyError(
        'MODALITY_UNKNOWN',
        `There is no port "${run.port}". Known: ${ports.join(', ')}.`,
      );
    }
    if ('embeddings' in run) embeds.set(run.embeddings, at * width);
    else lookUp(run.ids, table, width, embeds.subarray(at * width));
    modality.fill(index, at, at + length);
    if (run.place !== undefined && plan.buckets) fillBuckets(buckets, at, length, run, plan, space);
    at += length;
  }
  return { embeds, modality, buckets };
}

/** The positions `from … to−1` alone. */
export function sliceOf(
  positions: Positions,
  { width, context }: DecoderPlan,
  from: number,
  to: number,
): Positions {
  return {
    embeds: positions.embeds.subarray(from * width, to * width),
    modality: positions.modality.subarray(from, to),
    buckets: positions.buckets.subarray(from * context, to * context),
  };
}

function lengthOf(run: Run): number {
  return 'embeddings' in run ? run.count : run.ids.length;
}

function lookUp(ids: Uint32Array, table: Float32Array, width: number, into: Float32Array): void {
  ids.forEach((id, i) => {
    if ((id + 1) * width > table.length) {
      throw new AnyToAnyError('ID_OUT_OF_RANGE', `Expected an id below ${table.length / width}, got ${id}.`);
    }
    into.set(table.subarray(id * width, (id + 1) * width), i * width);
  });
}

/** Bucket 0 everywhere but at keys of the same segment, which end at the query. */
function fillBuckets(
  buckets: Int32Array,
  at: number,
  length: number,
  { port, place }: Run,
  { context }: DecoderPlan,
  space: TokenSpace,
): void {
  if (place === undefined) return;
  if (place.layout.buckets === 0) return;
  const { start } = space.region(port).buckets;
  for (let i = 0; i < length; i++) {
    const query = place.start + i;
    const first = at + i - query;
    for (let key = 0; key <= query; key++) {
      buckets[(at + i) * context + first + key] = start + place.layout.bucket(query, key, place.shape);
    }
  }
}
