/**
 * The Q-Former: learned queries that look at each other and, in every so many layers, at the picture; post-norm blocks
 * in BERT's fashion. Its text branch, which BLIP-2 does not use for generation, is left out.
 */
import { type Build, weight } from '../../blocks/build.ts';
import { gelu } from '../../blocks/convolution.ts';
import { layerNorm } from '../../blocks/transformer.ts';
import { biased } from '../../blocks/vision-transformer.ts';
import type { Value } from '../../onnx/graph.ts';

export interface QFormerPlan {
  readonly queries: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly feedForward: number;
  /** Layers 0, every, 2 every … look at the picture. */
  readonly every: number;
  readonly epsilon: number;
  readonly visionWidth: number;
}

/** `picture [1, patches, visionWidth]` → `[1, queries, width]`. */
export function qFormer(build: Build, picture: Value, plan: QFormerPlan): Value {
  const { queries, width, layers, every, feedForward, epsilon, visionWidth } = plan;
  const tokens = weight(build, 'query_tokens', [1, queries, width]);
  let x = layerNorm(build, tokens, 'qformer.layernorm', width, epsilon);
  for (let index = 0; index < layers; index++) {
    const prefix = `qformer.encoder.layer.${index}`;
    x = attend(build, x, x, width, `${prefix}.attention`, plan);
    if (index % every === 0) x = attend(build, x, picture, visionWidth, `${prefix}.crossattention`, plan);
    const inner = gelu(build, biased(build, x, `${prefix}.intermediate_query.dense`, width, feedForward));
    x = addAndNorm(build, x, inner, feedForward, `${prefix}.output_query`, plan);
  }
  return x;
}

/** `norm(x + attention(x, seen))`. */
function attend(
  build: Build,
  x: Value,
  seen: Value,
  seenWidth: number,
  prefix: string,
  plan: QFormerPlan,
): Value {
  const { width, heads } = plan;
  const query = biased(build, x, `${prefix}.attention.query`, width, width);
  const key = biased(build, seen, `${prefix}.attention.key`, seenWidth, width);
  const value = biased(build, seen, `${prefix}.attention.value`, seenWidth, width);
  const attended = build.graph.op('MultiHeadAttention', [query, key, value], { num_heads: heads });
  return addAndNorm(build, x, attended, width, `${prefix}.output`, plan);
}

/** `norm(x + branch W + b)`. */
function addAndNorm(
  build: Build,
  x: Value,
  branch: Value,
  inputs: number,
  prefix: string,
  plan: QFormerPlan,
): Value {
  const added = biased(build, branch, `${prefix}.dense`, inputs, plan.width);
  return layerNorm(build, build.graph.op('Add', [x, added]), `${prefix}.LayerNorm`, plan.width, plan.epsilon);
}
