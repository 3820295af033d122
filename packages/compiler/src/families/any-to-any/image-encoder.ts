/**
 * The understanding encoder: one picture → embeddings for the decoder. A small vision transformer over a stem of
 * convolutions, and a projector to the decoder's width. Never generates.
 */
import { type Build, type Weights, weight } from '../../blocks/build.ts';
import { convolution, gelu } from '../../blocks/convolution.ts';
import { affine, layerNorm, transformerBlock } from '../../blocks/transformer.ts';
import { GraphBuilder } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import type { PatchVitConfig } from './config.ts';

export interface EncoderPlan extends Omit<PatchVitConfig, 'kind'> {
  /** Width of the decoder. */
  readonly decoderWidth: number;
}

/** `pixels [1, 3, side, side]` in −1…1 → `embeddings [1, rows * columns, decoderWidth]`, rows from the top. */
export function buildImageEncoder(plan: EncoderPlan, weights: Weights): Model {
  const graph = new GraphBuilder('image-understand');
  const build: Build = { graph, weights };
  const { side, grid, widths, layers, heads, feedForward, decoderWidth } = plan;
  const [first, second, width] = widths;
  const tokens = grid[0] * grid[1];
  const pixels = graph.input('pixels', 'f32', [1, 3, side, side]);
  let x = convolution(build, pixels, { prefix: 'stem.0', inputs: 3, outputs: first, kernel: 4, stride: 4 });
  const half = { kernel: 3, stride: 2, padding: 1 };
  x = convolution(build, gelu(build, x), { prefix: 'stem.1', inputs: first, outputs: second, ...half });
  x = convolution(build, gelu(build, x), { prefix: 'stem.2', inputs: second, outputs: width, ...half });
  x = graph.op('Reshape', [x, graph.integers([1, width, tokens])]);
  x = graph.op('Transpose', [x], { perm: [0, 2, 1] });
  x = graph.op('Add', [x, weight(build, 'position', [tokens, width])]);
  for (let i = 0; i < layers; i++)
    x = transformerBlock(build, x, { prefix: `blocks.${i}`, width, heads, feedForward });
  x = gelu(build, affine(build, layerNorm(build, x, 'norm', width), 'projector.0', width, decoderWidth));
  const embeddings = affine(build, x, 'projector.1', decoderWidth, decoderWidth, 'embeddings');
  graph.output(embeddings, 'f32', [1, tokens, decoderWidth]);
  return graph.build();
}
