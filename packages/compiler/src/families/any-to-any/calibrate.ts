/**
 * Finds the scales of an int8 cache: runs sequences through the decoder with a float cache and notes, per layer,
 * head and channel, the largest key and value. Keys are seen as the cache holds them, rotated.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { createTokenSpace, type Device, openDevice, type Run, type Tensor } from '@any-to-any/core';
import type { KvScales } from '../../blocks/attention.ts';
import type { Model } from '../../onnx/model.ts';
import type { LoadWeights } from '../../onnx/pieces.ts';
import { saveModel } from '../../onnx/save.ts';
import type { FamilyJob } from '../family.ts';
import type { Config, PatchVitConfig } from './config.ts';
import type { DecoderPlan } from './decoder.ts';
import { describeSpace } from './manifest.ts';
import { type DecoderRunner, openRunner } from './run.ts';
import { type Ports as PlacedPorts, placeRuns, sliceOf } from './sequence.ts';
import {
  type Random,
  randomPicture,
  randomSequences,
  randomSound,
  sequenceCount,
  xorshift,
} from './sequences.ts';
import type { SoundEncoderConfig } from './sound-config.ts';
import { embeddingStride } from './sound-encoder.ts';

export interface Calibration {
  readonly job: FamilyJob;
  readonly config: Config;
  readonly plan: DecoderPlan;
  /** The decoder with a float32 cache and the weights it will have. */
  readonly model: Model;
  /** By port. */
  readonly tables: ReadonlyMap<string, LoadWeights>;
  /** Understanding encoders by modality. */
  readonly encoders: ReadonlyMap<string, Model>;
}

/** Positions of one step. */
const chunk = 128;

/** One entry per layer. */
export async function calibrate(calibration: Calibration): Promise<KvScales[]> {
  const { job, config, plan, model, tables } = calibration;
  const { signal, settings } = job;
  const directory = join(job.out, 'calibration');
  await mkdir(directory);
  const path = join(directory, 'decoder.onnx');
  const device = await openDevice();
  try {
    await saveModel(model, path, { signal });
    const sequences = settings.calibration ?? (await sequencesOf(calibration, device, directory));
    const loaded = new Map<string, Float32Array>();
    for (const [port, load] of tables) loaded.set(port, await load());
    const space = createTokenSpace(describeSpace(config));
    const ports = { plan, space, tables: loaded };
    return await measureScales(await openRunner(device, path, plan, 'float32'), ports, sequences, signal);
  } finally {
    device.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Scales that an interrupted compile has measured are not measured again. */
export async function keepScales(
  { journal }: FamilyJob,
  measure: () => Promise<readonly KvScales[]>,
): Promise<KvScales[]> {
  const rows = await journal.keep('scales', async () =>
    (await measure()).flatMap(({ key, value }) => [key, value]),
  );
  return Array.from({ length: rows.length / 2 }, (_, layer) => ({
    key: rows[2 * layer]!,
    value: rows[2 * layer + 1]!,
  }));
}

/** Runs the sequences through a decoder with a float cache, which is closed then. One entry per layer. */
export async function measureScales(
  runner: DecoderRunner,
  ports: PlacedPorts,
  sequences: readonly (readonly Run[])[],
  signal: AbortSignal | undefined,
): Promise<KvScales[]> {
  const { plan } = ports;
  const ranges = emptyRanges(plan);
  for (const runs of sequences) {
    const positions = placeRuns(runs, ports);
    const length = positions.modality.length;
    runner.truncate(0);
    for (let from = 0; from < length; from += chunk) {
      await runner.append(sliceOf(positions, plan, from, Math.min(length, from + chunk)), signal);
    }
    for (const [layer, range] of ranges.entries()) {
      await setImmediate(); // a long context of many heads takes some milliseconds a layer
      widen(range.key, runner, plan, layer, 'key', length);
      widen(range.value, runner, plan, layer, 'value', length);
    }
  }
  runner.close();
  return ranges.map(({ key, value }) => ({ key: scales(key), value: scales(value) }));
}

/** Random sequences, and random pictures and sounds through the encoders. The same config and weights give the same. */
async function sequencesOf(
  { config, encoders }: Calibration,
  device: Device,
  directory: string,
): Promise<Run[][]> {
  const random = xorshift(20_011);
  const embedded = new Map<string, Float32Array[]>();
  for (const { name, encoder } of config.modalities) {
    const model = encoders.get(name);
    if (model === undefined || encoder === undefined || encoder.kind === 'plugin') continue;
    const path = join(directory, `${name}.onnx`);
    await saveModel(model, path);
    const session = await device.openSession(path);
    const heard: Float32Array[] = [];
    for (let i = 0; i < sequenceCount; i++) {
      const { embeddings } = await session.evaluate(randomContent(encoder, random));
      heard.push(embeddings!.data as Float32Array); // the graph's only output, float32
    }
    session.close();
    embedded.set(name, heard);
  }
  return randomSequences(config, embedded, random);
}

/** What an encoder's graph takes. */
function randomContent(encoder: PatchVitConfig | SoundEncoderConfig, random: Random): Record<string, Tensor> {
  if (encoder.kind === 'sound') {
    const data = randomSound(12 * embeddingStride, random);
    return { samples: { data, dims: [1, data.length] } };
  }
  const { side } = encoder;
  return { pixels: { data: randomPicture(side, random), dims: [1, 3, side, side] } };
}

function emptyRanges({ layers, kvHeads, headWidth }: DecoderPlan): KvScales[] {
  const size = kvHeads * headWidth;
  return Array.from({ length: layers }, () => ({
    key: new Float32Array(size),
    value: new Float32Array(size),
  }));
}

/** Raises `range [kvHeads, headWidth]` to the largest magnitude of the first `length` rows of the cache. */
function widen(
  range: Float32Array,
  runner: DecoderRunner,
  { kvHeads, headWidth, context }: DecoderPlan,
  layer: number,
  part: 'key' | 'value',
  length: number,
): void {
  const cache = runner.cache(layer, part);
  for (let head = 0; head < kvHeads; head++) {
    for (let row = 0; row < length; row++) {
      const start = (head * context + row) * headWidth;
      for (let channel = 0; channel < headWidth; channel++) {
        const at = head * headWidth + channel;
        range[at] = Math.max(range[at]!, Math.abs(cache[start + channel]!));
      }
    }
  }
}

/** Level 127 is the largest seen; a channel that is always zero gets some scale, as the runtime divides by it. */
function scales(range: Float32Array): Float32Array {
  return range.map((largest) => Math.max(largest, 1e-6) / 127);
}
