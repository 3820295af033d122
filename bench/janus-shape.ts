/**
 * Janus-Pro-1B as published, in sizes and names of tensors: what `janus-checkpoint.ts` writes and `janus.ts` measures.
 */
export const janusShape = {
  width: 2048,
  feedForward: 5632,
  layers: 24,
  heads: 16,
  headWidth: 128,
  vocabulary: 102_400,
  context: 16_384,
  theta: 10_000,
  normEpsilon: 1e-6,
  vision: { width: 1024, feedForward: 4096, layers: 24, patch: 16, patches: 576 },
  vq: { codes: 16_384, codeWidth: 8, latent: 256, base: 128, multipliers: [1, 1, 2, 2, 4], blocks: 2 },
} as const;

export interface TensorShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Every tensor, in the names of transformers. */
export function* janusTensors(): Generator<TensorShape> {
  const { width, feedForward, layers, vocabulary, vq } = janusShape;
  yield { name: 'lm_head.weight', shape: [vocabulary, width] };
  yield { name: 'model.language_model.embed_tokens.weight', shape: [vocabulary, width] };
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `model.language_model.layers.${layer}`;
    yield { name: `${prefix}.input_layernorm.weight`, shape: [width] };
    for (const part of ['q', 'k', 'v', 'o'])
      yield { name: `${prefix}.self_attn.${part}_proj.weight`, shape: [width, width] };
    yield { name: `${prefix}.post_attention_layernorm.weight`, shape: [width] };
    yield { name: `${prefix}.mlp.gate_proj.weight`, shape: [feedForward, width] };
    yield { name: `${prefix}.mlp.up_proj.weight`, shape: [feedForward, width] };
    yield { name: `${prefix}.mlp.down_proj.weight`, shape: [width, feedForward] };
  }
  yield { name: 'model.language_model.norm.weight', shape: [width] };
  yield* tower();
  yield* both('model.generation_aligner.fc1', width, vq.codeWidth);
  yield* both('model.generation_aligner.hidden_layers.0', width, width);
  yield { name: 'model.generation_embeddings.weight', shape: [vq.codes, vq.codeWidth] };
  yield* both('model.generation_head.proj_out', width, width);
  yield* both('model.generation_head.vision_head', vq.codes, width);
  yield* vqModel();
}

function* tower(): Generator<TensorShape> {
  const { vision, width } = janusShape;
  const { width: inner, feedForward, layers, patch, patches } = vision;
  const prefix = 'model.vision_model';
  yield* both(`${prefix}.embeddings.patch_embedding`, inner, 3, patch, patch);
  yield { name: `${prefix}.embeddings.position_embedding.weight`, shape: [patches, inner] };
  for (let index = 0; index < layers; index++) {
    const layer = `${prefix}.encoder.layers.${index}`;
    yield* both(`${layer}.layer_norm1`, inner);
    for (const part of ['q_proj', 'k_proj', 'v_proj', 'projection_layer'])
      yield* both(`${layer}.self_attn.${part}`, inner, inner);
    yield* both(`${layer}.layer_norm2`, inner);
    yield* both(`${layer}.mlp.fc1`, feedForward, inner);
    yield* both(`${layer}.mlp.fc2`, inner, feedForward);
  }
  yield* both(`${prefix}.post_layernorm`, inner);
  yield* both('model.aligner.fc1', width, inner);
  yield* both('model.aligner.hidden_layers.0', width, width);
}

function* vqModel(): Generator<TensorShape> {
  const { vq } = janusShape;
  const prefix = 'model.vqmodel';
  const channels = vq.multipliers.map((multiplier) => vq.base * multiplier);
  const lowest = channels.at(-1)!; // there are five
  yield { name: `${prefix}.quantize.embedding.weight`, shape: [vq.codes, vq.codeWidth] };
  yield* both(`${prefix}.quant_conv`, vq.codeWidth, vq.latent, 1, 1);
  yield* both(`${prefix}.post_quant_conv`, vq.latent, vq.codeWidth, 1, 1);
  yield* both(`${prefix}.encoder.conv_in`, vq.base, 3, 3, 3);
  let inputs: number = vq.base;
  for (const [level, outputs] of channels.entries()) {
    const last = level === channels.length - 1;
    yield* vqLevel(`${prefix}.encoder.down.${level}`, inputs, outputs, vq.blocks, last);
    if (!last) yield* both(`${prefix}.encoder.down.${level}.downsample.conv`, outputs, outputs, 3, 3);
    inputs = outputs;
  }
  yield* middle(`${prefix}.encoder.mid`, lowest);
  yield* both(`${prefix}.encoder.norm_out`, lowest);
  yield* both(`${prefix}.encoder.conv_out`, vq.latent, lowest, 3, 3);
  yield* both(`${prefix}.decoder.conv_in`, lowest, vq.latent, 3, 3);
  yield* middle(`${prefix}.decoder.mid`, lowest);
  for (const [level, outputs] of [...channels].reverse().entries()) {
    yield* vqLevel(`${prefix}.decoder.up.${level}`, inputs, outputs, vq.blocks + 1, level === 0);
    if (level < channels.length - 1)
      yield* both(`${prefix}.decoder.up.${level}.upsample.conv`, outputs, outputs, 3, 3);
    inputs = outputs;
  }
  yield* both(`${prefix}.decoder.norm_out`, vq.base);
  yield* both(`${prefix}.decoder.conv_out`, 3, vq.base, 3, 3);
}

function* vqLevel(
  prefix: string,
  first: number,
  outputs: number,
  blocks: number,
  attention: boolean,
): Generator<TensorShape> {
  for (let block = 0; block < blocks; block++) {
    yield* residual(`${prefix}.block.${block}`, block === 0 ? first : outputs, outputs);
    if (attention) yield* attend(`${prefix}.attn.${block}`, outputs);
  }
}

function* middle(prefix: string, channels: number): Generator<TensorShape> {
  yield* residual(`${prefix}.block_1`, channels, channels);
  yield* attend(`${prefix}.attn_1`, channels);
  yield* residual(`${prefix}.block_2`, channels, channels);
}

function* residual(prefix: string, inputs: number, outputs: number): Generator<TensorShape> {
  yield* both(`${prefix}.norm1`, inputs);
  yield* both(`${prefix}.conv1`, outputs, inputs, 3, 3);
  yield* both(`${prefix}.norm2`, outputs);
  yield* both(`${prefix}.conv2`, outputs, outputs, 3, 3);
  if (inputs !== outputs) yield* both(`${prefix}.nin_shortcut`, outputs, inputs, 1, 1);
}

function* attend(prefix: string, channels: number): Generator<TensorShape> {
  yield* both(`${prefix}.norm`, channels);
  for (const part of ['q', 'k', 'v', 'proj_out']) yield* both(`${prefix}.${part}`, channels, channels, 1, 1);
}

/** `weight` of this shape, and a `bias` for its first side. */
function* both(name: string, ...shape: readonly number[]): Generator<TensorShape> {
  yield { name: `${name}.weight`, shape };
  yield { name: `${name}.bias`, shape: shape.slice(0, 1) };
}
