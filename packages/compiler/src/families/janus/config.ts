/**
 * `config.json` of Janus as `transformers` writes it → plan. Unknown fields pass, as for other checkpoints of theirs;
 * what would change the computation and is not followed is an error that names it.
 */
import { z } from 'zod';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import { type HuggingFaceConfig, parseHuggingFace, planHuggingFace } from '../llama/hugging-face.ts';
import type { JanusPlan } from './plan.ts';

const count = z.int().positive();

/** Left out, a field has the value that the class of `transformers` gives it. */
const visionSchema = z.looseObject({
  hidden_size: count.default(1024),
  num_hidden_layers: count.default(24),
  num_attention_heads: count.default(16),
  num_channels: count.default(3),
  patch_size: count.default(16),
  image_size: count.default(384),
  layer_norm_eps: z.number().positive().default(1e-6),
  hidden_act: z.string().default('gelu'),
  mlp_ratio: z.number().positive().default(4),
  attention_bias: z.boolean().default(true),
  projection_dim: count.default(2048),
  use_qk_norm: z.boolean().default(false),
  depth: count.default(2),
  num_image_tokens: count.default(576),
});

const vqSchema = z.looseObject({
  embed_dim: count.default(8),
  num_embeddings: count.default(16_384),
  double_latent: z.boolean().default(false),
  latent_channels: count.default(256),
  in_channels: count.default(3),
  out_channels: count.default(3),
  base_channels: count.default(128),
  channel_multiplier: z.array(count).min(1).default([1, 1, 2, 2, 4]),
  num_res_blocks: count.default(2),
  projection_dim: count.default(2048),
  num_hidden_layers: count.default(2),
  hidden_act: z.string().default('gelu'),
  image_token_embed_dim: count.default(2048),
});

const configSchema = z.looseObject({
  text_config: z.looseObject({}),
  vision_config: visionSchema,
  vq_config: vqSchema,
  image_token_id: z.int().nonnegative().optional(),
});

export type JanusConfig = z.infer<typeof configSchema>;

/** The sizes of `LlamaConfig`, which a config need not repeat. */
const llamaDefaults = {
  model_type: 'llama',
  vocab_size: 32_000,
  hidden_size: 4096,
  intermediate_size: 11_008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  max_position_embeddings: 2048,
};

/** Throws CHECKPOINT_INVALID for what is missing, wrong or not followed. */
export function parseJanus(path: string, value: unknown): JanusConfig {
  const parsed = configSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw checkpointInvalid(path, `${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`, {
    cause: parsed.error,
  });
}

export function textConfig(path: string, { text_config: text }: JanusConfig): HuggingFaceConfig {
  return parseHuggingFace(`${path}, text_config`, { ...llamaDefaults, ...text });
}

/** `context`: positions asked for, where they are fewer than the model's. */
export function planJanus(path: string, config: JanusConfig, context?: number): JanusPlan {
  const text = planHuggingFace(`${path}, text_config`, textConfig(path, config), context);
  const { vision_config: vision, vq_config: vq } = config;
  checkFollowed(path, config, text.width);
  return {
    text,
    vision: {
      side: vision.image_size,
      patch: vision.patch_size,
      width: vision.hidden_size,
      layers: vision.num_hidden_layers,
      heads: vision.num_attention_heads,
      feedForward: Math.trunc(vision.hidden_size * vision.mlp_ratio),
      normEpsilon: vision.layer_norm_eps,
      bias: vision.attention_bias,
      alignerDepth: vision.depth,
    },
    vq: {
      codes: vq.num_embeddings,
      codeWidth: vq.embed_dim,
      latentChannels: vq.latent_channels,
      baseChannels: vq.base_channels,
      multipliers: vq.channel_multiplier,
      blocks: vq.num_res_blocks,
      alignerDepth: vq.num_hidden_layers,
    },
    grid: vision.image_size / vision.patch_size,
  };
}

function checkFollowed(
  path: string,
  { vision_config: vision, vq_config: vq }: JanusConfig,
  width: number,
): void {
  const check = (field: string, expected: unknown, found: unknown, why = ''): void => {
    if (expected === found) return;
    const reason = why === '' ? '' : `, ${why}`;
    throw checkpointInvalid(
      path,
      `${field}: expected ${JSON.stringify(expected)}${reason}, found ${JSON.stringify(found)}.`,
    );
  };
  // The reference norms heads with weights of the whole width, so no checkpoint can have been trained with it.
  check('vision_config.use_qk_norm', false, vision.use_qk_norm);
  check('vision_config.hidden_act', 'gelu', vision.hidden_act);
  check('vision_config.num_channels', 3, vision.num_channels);
  check('vision_config.projection_dim', width, vision.projection_dim, 'the width of the decoder');
  check('vision_config: image_size modulo patch_size', 0, vision.image_size % vision.patch_size);
  check('vision_config: hidden_size modulo heads', 0, vision.hidden_size % vision.num_attention_heads);
  const grid = vision.image_size / vision.patch_size;
  check('vision_config.num_image_tokens', grid ** 2, vision.num_image_tokens, 'the patches of a picture');
  check('vq_config.hidden_act', 'gelu', vq.hidden_act);
  check('vq_config.double_latent', false, vq.double_latent);
  check('vq_config.in_channels', 3, vq.in_channels);
  check('vq_config.out_channels', 3, vq.out_channels);
  check('vq_config.projection_dim', width, vq.projection_dim, 'the width of the decoder');
  check('vq_config.image_token_embed_dim', width, vq.image_token_embed_dim, 'the width of the decoder');
  const factor = 2 ** (vq.channel_multiplier.length - 1);
  check(
    'vision_config.image_size',
    grid * factor,
    vision.image_size,
    `${grid} rows of codes of ${factor} pixels`,
  );
}
