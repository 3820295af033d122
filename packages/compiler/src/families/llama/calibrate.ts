/**
 * Scales of an int8 cache for a Llama-shaped decoder: sequences go through it with a float cache, and the largest keys
 * and values are noted. Without sequences of the caller's, random ids of every region.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createTokenSpace, openDevice, type Run } from '@any-to-any/core';
import type { KvScales } from '../../blocks/attention.ts';
import type { Model } from '../../onnx/model.ts';
import type { LoadWeights } from '../../onnx/pieces.ts';
import { saveModel } from '../../onnx/save.ts';
import { measureScales } from '../any-to-any/calibrate.ts';
import type { DecoderPlan } from '../any-to-any/decoder.ts';
import { openRunner } from '../any-to-any/run.ts';
import { type Random, xorshift } from '../any-to-any/sequences.ts';
import type { FamilyJob } from '../family.ts';
import type { LlamaPlan } from './plan.ts';
import { sizeOf } from './rows.ts';
import { describeSpace, type Vocabulary } from './vocabulary.ts';

export interface LlamaCalibration {
  readonly job: FamilyJob;
  readonly plan: LlamaPlan;
  readonly vocabulary: Vocabulary;
  /** The decoder with a float32 cache and the weights it will have. */
  readonly model: Model;
  /** By port. */
  readonly tables: ReadonlyMap<string, LoadWeights>;
}

const sequenceCount = 8;
/** Positions of a random sequence, where neither the context nor the work sets a limit. */
const longest = 512;
const shortest = 64;
/** Multiplications of all sequences together, about: a minute or two of two cores. */
const budget = 2 ** 41;

/** One entry per layer. */
export async function calibrateLlama(calibration: LlamaCalibration): Promise<KvScales[]> {
  const { job, plan, vocabulary, model, tables } = calibration;
  const { signal, settings } = job;
  const directory = join(job.out, 'calibration');
  await mkdir(directory);
  const path = join(directory, 'decoder.onnx');
  const device = await openDevice();
  try {
    await saveModel(model, path, { signal });
    const loaded = new Map<string, Float32Array>();
    for (const [port, load] of tables) loaded.set(port, await load());
    const decoder = decoderPlan(plan, vocabulary.regions.length);
    const ports = { plan: decoder, space: createTokenSpace(describeSpace(vocabulary)), tables: loaded };
    const sequences = settings.calibration ?? randomSequences(vocabulary, plan, xorshift(20_011));
    return await measureScales(await openRunner(device, path, decoder, 'float32'), ports, sequences, signal);
  } finally {
    device.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** What the runner wants to know of a decoder: this one has none of the parts that need modalities or buckets. */
export function decoderPlan(plan: LlamaPlan, regions: number): DecoderPlan {
  return {
    ...plan,
    ropeTheta: plan.theta,
    buckets: false,
    typeEmbedding: false,
    loraRank: 0,
    headScale: false,
    gatedResidual: false,
    modalities: 1 + regions,
    bucketRows: 1,
  };
}

/** The mark that begins, if it has a position, then stretches of each region in turn. */
function randomSequences({ marks, begin, regions }: Vocabulary, plan: LlamaPlan, random: Random): Run[][] {
  const length = Math.min(plan.context, lengthWithin(plan));
  const first = marks.findIndex(({ name, id }) => name === begin && id !== undefined);
  return Array.from({ length: sequenceCount }, (_, index) => {
    const runs: Run[] = first === -1 ? [] : [{ port: 'marks', ids: Uint32Array.of(first) }];
    let room = length - runs.length;
    for (let segment = index; room > 0; segment++) {
      const { modality, ids } = regions[segment % regions.length]!;
      const count = Math.min(room, 1 + Math.floor(random() * 64));
      runs.push({
        port: modality,
        ids: Uint32Array.from({ length: count }, () => Math.floor(random() * sizeOf(ids))),
      });
      room -= count;
    }
    return runs;
  });
}

/** 135 million weights: 512 positions; 1.3 thousand million: 220. */
function lengthWithin({ layers, width, heads, kvHeads, headWidth, feedForward }: LlamaPlan): number {
  const weights = layers * width * ((2 * heads + 2 * kvHeads) * headWidth + 3 * feedForward);
  return Math.max(shortest, Math.min(longest, Math.floor(budget / (sequenceCount * weights))));
}
