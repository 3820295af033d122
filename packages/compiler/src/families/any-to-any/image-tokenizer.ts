/**
 * The two graphs of the image tokenizer: pixels → ids of the nearest codes, and ids → pixels.
 * Sides are free: the networks are convolutional, and the decoder's receptive field is local.
 */
import type { Build, Weights } from '../../blocks/build.ts';
import { type Codebook, codesOf, nearestIds } from '../../blocks/codebook.ts';
import { convolution, pixelShuffle, residualBlock } from '../../blocks/convolution.ts';
import { GraphBuilder, type Value } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import type { VqConfig } from './config.ts';

export interface TokenizerPlan
  extends Pick<VqConfig, 'codeWidth' | 'encoderWidths' | 'decoderWidths' | 'blocks'> {
  /** Rows of the codebook. */
  readonly codes: number;
}

/** `pixels [1, 3, height, width]` in −1…1 → `ids [1, height / 8, width / 8]`. */
export function buildImageEncode(plan: TokenizerPlan, weights: Weights): Model {
  const graph = new GraphBuilder('image-encode');
  const build: Build = { graph, weights };
  const { codeWidth, encoderWidths, blocks } = plan;
  const [quarter, eighth] = encoderWidths;
  const pixels = graph.input('pixels', 'f32', [1, 3, 'height', 'width']);
  let x = convolution(build, pixels, {
    prefix: 'encoder.stem',
    inputs: 3,
    outputs: quarter,
    kernel: 4,
    stride: 4,
  });
  x = residualBlocks(build, x, 'encoder.blocks4', quarter, blocks);
  const down = { prefix: 'encoder.down', inputs: quarter, outputs: eighth, kernel: 4, stride: 2, padding: 1 };
  x = convolution(build, x, down);
  x = residualBlocks(build, x, 'encoder.blocks8', eighth, blocks);
  x = convolution(build, x, { prefix: 'encoder.out', inputs: eighth, outputs: codeWidth, kernel: 1 });
  const ids = nearestIds(build, x, codebookOf(plan), 'cosine', 'ids');
  graph.output(ids, 'i32', [1, 'rows', 'columns']);
  return graph.build();
}

/** `ids [1, rows, columns]` → `pixels [1, 3, 8 rows, 8 columns]`, about −1…1 (not clipped). */
export function buildImageDecode(plan: TokenizerPlan, weights: Weights): Model {
  const graph = new GraphBuilder('image-decode');
  const build: Build = { graph, weights };
  const { codeWidth, decoderWidths, blocks } = plan;
  const [eighth, quarter] = decoderWidths;
  const ids = graph.input('ids', 'i32', [1, 'rows', 'columns']);
  let x = codesOf(build, ids, codebookOf(plan), 'cosine');
  x = convolution(build, x, { prefix: 'decoder.in', inputs: codeWidth, outputs: eighth, kernel: 1 });
  x = residualBlocks(build, x, 'decoder.blocks8', eighth, blocks);
  x = convolution(build, x, { prefix: 'decoder.up', inputs: eighth, outputs: 4 * quarter, kernel: 1 });
  x = residualBlocks(build, pixelShuffle(build, x, 2), 'decoder.blocks4', quarter, blocks);
  x = convolution(build, x, {
    prefix: 'decoder.out',
    inputs: quarter,
    outputs: 3 * 16,
    kernel: 3,
    padding: 1,
  });
  graph.output(pixelShuffle(build, x, 4, 'pixels'), 'f32', [1, 3, 'height', 'width']);
  return graph.build();
}

function residualBlocks(build: Build, x: Value, prefix: string, channels: number, count: number): Value {
  let result = x;
  for (let i = 0; i < count; i++) result = residualBlock(build, result, `${prefix}.${i}`, channels);
  return result;
}

function codebookOf({ codes, codeWidth: width }: TokenizerPlan): Codebook {
  return { tensor: 'codebook.weight', codes, width };
}
