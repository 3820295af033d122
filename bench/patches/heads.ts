/**
 * One trunk with two heads beside a denoiser and an enlarger apart, each with the same trunk: the same recipe, built
 * three ways with random weights, in alternating rounds.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildPatchStage, type PatchPlan, saveModel, type Weights } from '@any-to-any/compiler';
import { type Device, openGraph, type Tensor } from '@any-to-any/core';
import { median, time } from '../measure.ts';

export interface HeadFigures {
  /** Milliseconds a call: both heads in one; denoiser; enlarger. */
  readonly joint: number;
  readonly sharp: number;
  readonly large: number;
  /** Medians of the rounds' ratios. Sharp and large in a step; and a picture: every step sharp, the last one large too. */
  readonly step: number;
  readonly picture: number;
}

const patches = 16;
const rounds = { warm: 3, counted: 21 };

/** `repository`: where the recipe lies. `steps`: of a picture. */
export async function measureHeads(
  repository: string,
  root: string,
  device: Device,
  steps: number,
): Promise<HeadFigures> {
  const plan = await recipe(repository);
  const inputs = randomPatches(plan.codes);
  const kinds = ['both', 'sharp', 'large'] as const;
  const graphs = await Promise.all(
    kinds.map(async (heads) => {
      const path = join(root, `patches-${heads}.onnx`);
      await saveModel(buildPatchStage({ ...plan, heads }, randomWeights), path);
      return openGraph(device, path);
    }),
  );
  const { double: _, quadruple: __, ...seen } = inputs;
  const feeds = [inputs, seen, inputs];
  const calls: number[][] = kinds.map(() => []);
  for (let round = 0; round < rounds.warm + rounds.counted; round++) {
    for (const [i, graph] of graphs.entries()) {
      const took = await time(() => graph.run(feeds[i]!));
      if (round >= rounds.warm) calls[i]!.push(took);
    }
  }
  for (const graph of graphs) graph.close();
  const [joint, sharp, large] = calls as [number[], number[], number[]]; // one list a kind
  const ratio = (together: (i: number) => number, apart: (i: number) => number): number =>
    median(joint.map((_, i) => together(i) / apart(i)));
  return {
    joint: median(joint),
    sharp: median(sharp),
    large: median(large),
    step: ratio(
      (i) => joint[i]!,
      (i) => sharp[i]! + large[i]!,
    ),
    picture: ratio(
      (i) => (steps - 1) * sharp[i]! + joint[i]!,
      (i) => steps * sharp[i]! + large[i]!,
    ),
  };
}

/** The sizes of the network that is shipped. */
async function recipe(repository: string): Promise<PatchPlan> {
  const path = join(repository, 'training/configs/small.json');
  // Our own file; the Python side checks it.
  const { patches: own, tokenizer } = JSON.parse(await readFile(path, 'utf8')) as {
    patches: { model: Omit<PatchPlan, 'codes'> };
    tokenizer: { model: { codes: number } };
  };
  return { ...own.model, codes: tokenizer.model.codes };
}

const randomWeights: Weights = (_, shape) => async () =>
  Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => (Math.random() - 0.5) / 10);

function randomPatches(codes: number): Record<string, Tensor> {
  const floats = (dims: number[], scale: number): Tensor => ({
    data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => Math.random() * scale),
    dims,
  });
  const whole = (dims: number[], size: number): Tensor => ({
    data: Int32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () =>
      Math.floor(Math.random() * size),
    ),
    dims,
  });
  return {
    draft: floats([patches, 3, 24, 24], 1),
    state: floats([patches, 3, 24, 24], 1),
    sigma: floats([patches], 0.5),
    place: whole([patches, 2], 4),
    ids: whole([patches, 6, 6], codes),
    double: { data: Int32Array.from({ length: patches }, (_, patch) => patch), dims: [patches] },
    quadruple: { data: new Int32Array(), dims: [0] },
  };
}
