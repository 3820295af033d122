/**
 * The two graphs of a VQGAN, as the plugin `@any-to-any/tokenizer-image` runs them: pixels → ids of the nearest codes,
 * and ids → pixels. Sides are free multiples of the factor, as the networks are convolutional.
 */
import type { Build, Weights } from '../../blocks/build.ts';
import { type Codebook, codesOf, type Nearness, nearestIds } from '../../blocks/codebook.ts';
import { convolution } from '../../blocks/convolution.ts';
import { type VqganPlan, vqganDecoder, vqganEncoder } from '../../blocks/vqgan.ts';
import { GraphBuilder } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';

export interface VqPlan extends VqganPlan {
  /** Rows of the codebook, and the width of one. */
  readonly codes: number;
  readonly codeWidth: number;
  readonly nearness: Nearness;
}

/** `pixels [1, 3, height, width]`, as the model was trained on them → `ids [1, rows, columns]`. */
export function buildVqEncode(plan: VqPlan, weights: Weights): Model {
  const graph = new GraphBuilder('image-encode');
  const build: Build = { graph, weights };
  const pixels = graph.input('pixels', 'f32', [1, 3, 'height', 'width']);
  const latents = vqganEncoder(build, pixels, 'encoder', plan);
  const { latent, codeWidth, nearness } = plan;
  const narrow = { prefix: 'quant_conv', inputs: latent, outputs: codeWidth, kernel: 1 };
  const ids = nearestIds(build, convolution(build, latents, narrow), codebookOf(plan), nearness, 'ids');
  graph.output(ids, 'i32', [1, 'rows', 'columns']);
  return graph.build();
}

/** `ids [1, rows, columns]` → `pixels [1, 3, height, width]`, about −1…1 (not clipped). */
export function buildVqDecode(plan: VqPlan, weights: Weights): Model {
  const graph = new GraphBuilder('image-decode');
  const build: Build = { graph, weights };
  const ids = graph.input('ids', 'i32', [1, 'rows', 'columns']);
  const { latent, codeWidth, nearness } = plan;
  const wide = { prefix: 'post_quant_conv', inputs: codeWidth, outputs: latent, kernel: 1 };
  const latents = convolution(build, codesOf(build, ids, codebookOf(plan), nearness), wide);
  const pixels = vqganDecoder(build, latents, 'decoder', plan, 'pixels');
  graph.output(pixels, 'f32', [1, 3, 'height', 'width']);
  return graph.build();
}

function codebookOf({ codes, codeWidth: width }: VqPlan): Codebook {
  return { tensor: 'quantize.embedding.weight', codes, width };
}
