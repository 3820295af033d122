/**
 * Scales of an int8 cache for a decoder that reads pictures: random texts behind random pictures go through it with a
 * float cache, and the largest keys and values are noted. Sequences of the caller's take their place.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createTokenSpace,
  type Device,
  openDevice,
  type Run,
  type SpaceDescription,
  type Tensor,
} from '@any-to-any/core';
import type { KvScales } from '../../blocks/attention.ts';
import type { Model } from '../../onnx/model.ts';
import type { LoadWeights } from '../../onnx/pieces.ts';
import { saveModel } from '../../onnx/save.ts';
import { measureScales } from '../any-to-any/calibrate.ts';
import type { DecoderPlan } from '../any-to-any/decoder.ts';
import { openRunner } from '../any-to-any/run.ts';
import { type Random, xorshift } from '../any-to-any/sequences.ts';
import type { FamilyJob } from '../family.ts';
import type { ReadingModel } from './compile.ts';

export interface ReadingCalibration extends Pick<ReadingModel, 'plan' | 'modality' | 'pixels'> {
  readonly job: FamilyJob;
  readonly space: SpaceDescription;
  /** The decoder with a float32 cache and the weights it will have. */
  readonly model: Model;
  readonly encoder: Model;
  /** By port. */
  readonly tables: ReadonlyMap<string, LoadWeights>;
}

const sequenceCount = 4;
/** Positions of text in a sequence, where there is room. */
const longest = 256;

/** One entry per layer. */
export async function calibrateReading(calibration: ReadingCalibration): Promise<KvScales[]> {
  const { job, model, tables, modality } = calibration;
  const { signal, settings } = job;
  const directory = join(job.out, 'calibration');
  await mkdir(directory);
  const device = await openDevice();
  try {
    const path = join(directory, 'decoder.onnx');
    await saveModel(model, path, { signal });
    const loaded = new Map<string, Float32Array>([['image', new Float32Array(0)]]);
    for (const [port, load] of tables) loaded.set(port, await load());
    const sequences = settings.calibration ?? (await sequencesOf(calibration, device, directory));
    const plan = runnerPlan(calibration.plan, modality);
    const ports = { plan, space: createTokenSpace(calibration.space), tables: loaded };
    return await measureScales(await openRunner(device, path, plan, 'float32'), ports, sequences, signal);
  } finally {
    device.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** What the runner wants to know of a decoder; a type embedding stands for whatever needs the modality. */
function runnerPlan(plan: ReadingCalibration['plan'], modality: boolean): DecoderPlan {
  const none = { buckets: false, qkNorm: false, loraRank: 0, headScale: false, gatedResidual: false };
  const unused = { feedForward: 0, ropeTheta: 1, normEpsilon: 1, modalities: 3, bucketRows: 1 };
  return { ...unused, ...none, ...plan, typeEmbedding: modality };
}

/** A picture of noise, its mark, and random ids; where a picture does not fit, ids alone. */
async function sequencesOf(
  { plan, space: described, encoder, pixels, job }: ReadingCalibration,
  device: Device,
  directory: string,
): Promise<Run[][]> {
  const random = xorshift(20_011);
  const space = createTokenSpace(described);
  const path = join(directory, 'encoder.onnx');
  await saveModel(encoder, path, { signal: job.signal });
  const session = await device.openSession(path);
  const sequences: Run[][] = [];
  for (let index = 0; index < sequenceCount; index++) {
    const feeds = { pixels: noise(pixels.dims, random), ...pixels.more };
    const { embeddings } = await session.evaluate(feeds);
    const data = embeddings!.data as Float32Array; // the graph's only output, float32
    const count = data.length / plan.width;
    const close: Run = { port: 'marks', ids: Uint32Array.of(space.region('image').close) };
    const runs: Run[] = space.isSilent(space.begin)
      ? []
      : [{ port: 'marks', ids: Uint32Array.of(space.begin) }];
    const fits = count + runs.length + 2 <= plan.context;
    if (fits) runs.push({ port: 'image', embeddings: data, count }, close);
    const room = Math.min(longest, plan.context - runs.length - (fits ? count : 0));
    const { size } = space.region('text');
    const ids = Uint32Array.from({ length: room }, () => Math.floor(random() * size));
    sequences.push([...runs, { port: 'text', ids }]);
  }
  session.close();
  return sequences;
}

/** About as normalised pictures are: −2…2. */
function noise(dims: readonly number[], random: Random): Tensor {
  const size = dims.reduce((product, side) => product * side, 1);
  return { data: Float32Array.from({ length: size }, () => random() * 4 - 2), dims };
}
