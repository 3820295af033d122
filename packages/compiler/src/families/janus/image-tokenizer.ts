/**
 * The VQ model of Janus (VQ-16 of LlamaGen, Sun et al. 2024, arXiv 2406.06525): its plan, the two graphs, and what the
 * manifest says of them and of the understanding encoder.
 */
import type { Weights } from '../../blocks/build.ts';
import type { Nearness } from '../../blocks/codebook.ts';
import { nameVqgan } from '../../blocks/vqgan-names.ts';
import type { Model } from '../../onnx/model.ts';
import type { TokenizerPlan } from '../llama/vocabulary.ts';
import { buildVqDecode, buildVqEncode, type VqPlan } from '../vqgan/graphs.ts';
import { imagePlugin, imageFiles as vqFiles } from '../vqgan/outputs.ts';
import type { JanusPlan } from './plan.ts';
import { imageLayout } from './vocabulary.ts';

export const imageFiles = { ...vqFiles, understand: 'image-understand.onnx' } as const;

/** Previews of a picture, at most. */
const previews = 6;

/** Codes are always looked up at length 1; `nearest` says how a picture's are found. */
export function buildImageGraphs(
  { vq }: JanusPlan,
  weights: Weights,
  nearest: Nearness,
): { readonly encode: Model; readonly decode: Model } {
  const levels = vq.multipliers.map((multiplier, level) => ({
    channels: vq.baseChannels * multiplier,
    attention: level === vq.multipliers.length - 1,
  }));
  const plan: VqPlan = {
    base: vq.baseChannels,
    levels,
    blocks: vq.blocks,
    middleAttention: true,
    latent: vq.latentChannels,
    groups: 32,
    codes: vq.codes,
    codeWidth: vq.codeWidth,
    nearness: 'cosine',
  };
  const named = nameVqgan(weights, 'janus', levels.length, 'model.vqmodel.');
  return { encode: buildVqEncode({ ...plan, nearness: nearest }, named), decode: buildVqDecode(plan, named) };
}

export function describeImageTokenizer({ vision, vq, grid }: JanusPlan): TokenizerPlan {
  const options = {
    kind: 'vq-global',
    factor: vision.side / grid,
    size: vq.codes,
    clip: imageLayout.clip,
    grids: [[grid, grid]],
    every: Math.ceil(grid ** 2 / previews),
    ...vqFiles,
  };
  return { kind: 'plugin', plugin: imagePlugin, options, files: [] };
}

export function describeImageEncoder({ vision, text, grid }: JanusPlan) {
  const options = {
    kind: 'patch-vit',
    side: vision.side,
    grid: [grid, grid],
    width: text.width,
    clip: imageLayout.clip,
    pixels: { fit: 'contain', kernel: 'bicubic', background: [127, 127, 127], least: 14 },
    graph: imageFiles.understand,
  };
  return { plugin: imagePlugin, options };
}
