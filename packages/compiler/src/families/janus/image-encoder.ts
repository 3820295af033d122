/**
 * The understanding encoder of Janus: one picture → embeddings for the decoder. A SigLIP tower with learned positions,
 * all of whose patches go through the aligner. Never generates.
 */
import { type Build, type Weights, weight } from '../../blocks/build.ts';
import { convolution } from '../../blocks/convolution.ts';
import { layerNorm } from '../../blocks/transformer.ts';
import { type VisionNames, visionBlock } from '../../blocks/vision-transformer.ts';
import { GraphBuilder } from '../../onnx/graph.ts';
import type { Model } from '../../onnx/model.ts';
import type { Quantization } from '../../quantize/block.ts';
import { align } from './aligner.ts';
import type { JanusPlan } from './plan.ts';

const tower = 'model.vision_model';

/** `pixels [1, 3, side, side]` in −1…1 → `embeddings [1, grid², width of the decoder]`, rows from the top. */
export function buildJanusEncoder(
  { text, vision, grid }: JanusPlan,
  weights: Weights,
  quantization: Quantization | undefined,
): Model {
  const graph = new GraphBuilder('image-understand');
  const build: Build = { graph, weights, quantization };
  const { side, patch, width, layers, heads, feedForward, normEpsilon: epsilon, bias, alignerDepth } = vision;
  const patches = grid ** 2;
  const pixels = graph.input('pixels', 'f32', [1, 3, side, side]);
  const embedding = { prefix: `${tower}.embeddings.patch_embedding`, inputs: 3, outputs: width };
  let x = convolution(build, pixels, { ...embedding, kernel: patch, stride: patch });
  x = graph.op('Reshape', [x, graph.integers([1, width, patches])]);
  x = graph.op('Transpose', [x], { perm: [0, 2, 1] });
  x = graph.op('Add', [x, weight(build, `${tower}.embeddings.position_embedding.weight`, [patches, width])]);
  for (let layer = 0; layer < layers; layer++) {
    x = visionBlock(build, x, { names: namesOf(layer), width, heads, feedForward, epsilon, bias });
  }
  x = layerNorm(build, x, `${tower}.post_layernorm`, width, epsilon);
  const aligner = { prefix: 'model.aligner', inputs: width, width: text.width, depth: alignerDepth };
  const embeddings = align(build, x, aligner, 'embeddings');
  graph.output(embeddings, 'f32', [1, patches, text.width]);
  return graph.build();
}

function namesOf(layer: number): VisionNames {
  const prefix = `${tower}.encoder.layers.${layer}`;
  return {
    norm1: `${prefix}.layer_norm1`,
    query: `${prefix}.self_attn.q_proj`,
    key: `${prefix}.self_attn.k_proj`,
    value: `${prefix}.self_attn.v_proj`,
    out: `${prefix}.self_attn.projection_layer`,
    norm2: `${prefix}.layer_norm2`,
    up: `${prefix}.mlp.fc1`,
    down: `${prefix}.mlp.fc2`,
  };
}
