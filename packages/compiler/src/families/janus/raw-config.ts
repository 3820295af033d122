/**
 * `config.json` as DeepSeek publishes it (`model_type: "multi_modality"`) → the config that `transformers` would have.
 * It names classes rather than sizes: the tower is always SigLIP-Large with patches of 16, the VQ model always VQ-16.
 */
import { z } from 'zod';
import { checkpointInvalid } from '../../safetensors/invalid.ts';

/** The `model_type` of the config as DeepSeek publishes it. */
export const rawModelType = 'multi_modality';

const count = z.int().positive();

const tower = 'siglip_large_patch16_384';

const rawSchema = z.looseObject({
  language_config: z.looseObject({}),
  vision_config: z.looseObject({
    params: z.looseObject({
      image_size: count.default(384),
      model_name: z.literal(tower),
      select_feature: z.literal('same').default('same'),
      select_layer: z.literal(-1).default(-1),
    }),
  }),
  aligner_config: z.looseObject({
    params: z.looseObject({
      depth: count.default(2),
      n_embed: count,
      projector_type: z.literal('mlp_gelu').default('mlp_gelu'),
    }),
  }),
  gen_vision_config: z.looseObject({
    cls: z.literal('VQ-16').default('VQ-16'),
    params: z.looseObject({ image_token_size: count, n_embed: count }),
  }),
  gen_aligner_config: z.looseObject({
    params: z.looseObject({
      depth: count.default(2),
      n_embed: count,
      projector_type: z.literal('mlp_gelu').default('mlp_gelu'),
    }),
  }),
  gen_head_config: z.looseObject({ params: z.looseObject({ image_token_embed: count }) }),
});

/** Throws CHECKPOINT_INVALID. */
export function fromRawConfig(path: string, value: unknown): Record<string, unknown> {
  const parsed = rawSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw checkpointInvalid(path, `${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`, {
      cause: parsed.error,
    });
  }
  const {
    language_config,
    vision_config,
    aligner_config,
    gen_vision_config,
    gen_aligner_config,
    gen_head_config,
  } = parsed.data;
  const { image_size } = vision_config.params;
  return {
    text_config: language_config,
    vision_config: {
      image_size,
      num_image_tokens: (image_size / 16) ** 2,
      projection_dim: aligner_config.params.n_embed,
      depth: aligner_config.params.depth,
    },
    vq_config: {
      embed_dim: gen_vision_config.params.n_embed,
      num_embeddings: gen_vision_config.params.image_token_size,
      projection_dim: gen_aligner_config.params.n_embed,
      num_hidden_layers: gen_aligner_config.params.depth,
      image_token_embed_dim: gen_head_config.params.image_token_embed,
    },
  };
}
