/**
 * The understanding encoder for sound: samples → 12.5 embeddings a second for the decoder. Log-mel bands, ConvNeXt
 * blocks that look both ways at 50 Hz and at 12.5 Hz, and a projector to the decoder's width. Never generates.
 */
import { type Build, type Weights, weight } from '../../blocks/build.ts';
import { convNextBlock } from '../../blocks/convnext.ts';
import { gelu } from '../../blocks/convolution.ts';
import { rmsNorm } from '../../blocks/norm.ts';
import { bands, hop, logMel } from '../../blocks/spectrum.ts';
import { affine, layerNorm } from '../../blocks/transformer.ts';
import { GraphBuilder, type Value } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import type { SoundEncoderConfig } from './sound-config.ts';

/** Frames of 50 Hz in one embedding. */
const patch = 4;
/** Samples of one embedding. */
export const embeddingStride = patch * 2 * hop;

export interface SoundEncoderPlan extends Omit<SoundEncoderConfig, 'kind' | 'longest'> {
  readonly decoderWidth: number;
}

/** `samples [1, n]`, n a multiple of 1280 → `embeddings [1, n / 1280, decoderWidth]`. */
export function buildSoundEncoder(plan: SoundEncoderPlan, weights: Weights): Model {
  const graph = new GraphBuilder('audio-understand');
  const build: Build = { graph, weights };
  const { fine, fineBlocks, coarse, coarseBlocks, decoderWidth } = plan;
  const samples = graph.input('samples', 'f32', [1, 'samples']);
  const enter = [weight(build, 'enter.weight', [fine, bands, 4]), weight(build, 'enter.bias', [fine])];
  const half = { kernel_shape: [4], strides: [2], pads: [1, 1] };
  const entered = gelu(build, graph.op('Conv', [logMel(build, samples, 'mel'), ...enter], half));
  let x = graph.op('Transpose', [entered], { perm: [0, 2, 1] });
  x = blocks(build, x, 'fine_blocks', fine, fineBlocks);
  x = graph.op('Reshape', [x, graph.integers([1, -1, patch * fine])]);
  x = rmsNorm(build, x, { tensor: 'patch_gain', width: patch * fine, epsilon: 1e-6 });
  x = affine(build, x, 'patch', patch * fine, coarse);
  x = blocks(build, x, 'coarse_blocks', coarse, coarseBlocks);
  x = gelu(build, affine(build, layerNorm(build, x, 'norm', coarse), 'projector.0', coarse, decoderWidth));
  const embeddings = affine(build, x, 'projector.1', decoderWidth, decoderWidth, 'embeddings');
  graph.output(embeddings, 'f32', [1, 'embeddings', decoderWidth]);
  return graph.build();
}

function blocks(build: Build, x: Value, prefix: string, width: number, count: number): Value {
  let result = x;
  for (let i = 0; i < count; i++) {
    const block = { prefix: `${prefix}.${i}`, width, kernel: 7, causal: false, hidden: 3 * width };
    result = convNextBlock(build, result, block);
  }
  return result;
}
