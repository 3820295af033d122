/**
 * `config.json` of BLIP-2 (Li et al. 2023, arXiv 2301.12597) over OPT → plan. Unknown fields pass; what would change
 * the computation and is not followed is an error that names it.
 */
import { z } from 'zod';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import type { OptPlan } from './opt.ts';
import type { QFormerPlan } from './q-former.ts';
import type { VisionPlan } from './vision.ts';

export const modelTypes = ['blip-2'] as const;

const count = z.int().positive();
const number = z.number().positive();
const ids = z.union([z.int().nonnegative(), z.array(z.int().nonnegative())]);

const visionSchema = z.looseObject({
  hidden_size: count.default(1408),
  intermediate_size: count.default(6144),
  num_hidden_layers: count.default(39),
  num_attention_heads: count.default(16),
  image_size: count.default(224),
  patch_size: count.default(14),
  hidden_act: z.string().default('gelu'),
  layer_norm_eps: number.default(1e-6),
  qkv_bias: z.boolean().default(true),
});

const qFormerSchema = z.looseObject({
  hidden_size: count.default(768),
  intermediate_size: count.default(3072),
  num_hidden_layers: count.default(12),
  num_attention_heads: count.default(12),
  cross_attention_frequency: count.default(2),
  hidden_act: z.string().default('gelu'),
  layer_norm_eps: number.default(1e-12),
  position_embedding_type: z.string().default('absolute'),
  use_qformer_text_input: z.boolean().default(false),
});

const textSchema = z.looseObject({
  model_type: z.string().default('opt'),
  vocab_size: count.default(50_272),
  hidden_size: count.default(768),
  ffn_dim: count.default(3072),
  num_hidden_layers: count.default(12),
  num_attention_heads: count.default(12),
  max_position_embeddings: count.default(2048),
  word_embed_proj_dim: count.nullish(),
  activation_function: z.string().default('relu'),
  do_layer_norm_before: z.boolean().default(true),
  enable_bias: z.boolean().default(true),
  layer_norm_elementwise_affine: z.boolean().default(true),
  _remove_final_layer_norm: z.boolean().default(false),
  bos_token_id: z.int().nonnegative().default(2),
  eos_token_id: ids.default(2),
  tie_word_embeddings: z.boolean().default(true),
});

const configSchema = z.looseObject({
  vision_config: visionSchema.prefault({}),
  qformer_config: qFormerSchema.prefault({}),
  text_config: textSchema.prefault({}),
  num_query_tokens: count.default(32),
  quantization_config: z.unknown().optional(),
});

export interface Blip2Plan {
  readonly vision: VisionPlan;
  readonly qFormer: QFormerPlan;
  readonly opt: OptPlan;
  /** Ids of the text model that begin and end. */
  readonly begin: number;
  readonly ends: number | number[];
}

/** `context`: positions asked for, where they are fewer than the model's. Throws CHECKPOINT_INVALID. */
export function planBlip2(path: string, value: unknown, context?: number): Blip2Plan {
  const type = (value as { text_config?: { model_type?: unknown } } | null)?.text_config?.model_type; // any JSON
  if (type !== undefined && type !== 'opt') {
    throw checkpointInvalid(
      path,
      `text_config.model_type: expected "opt", found ${JSON.stringify(type)}. BLIP-2 over T5 has an encoder and a ` +
        'decoder of text, which this toolkit does not run; take a checkpoint over OPT.',
    );
  }
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw checkpointInvalid(path, `${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`, {
      cause: parsed.error,
    });
  }
  const config = parsed.data;
  checkFollowed(path, config);
  const { vision_config: vision, qformer_config: former, text_config: text } = config;
  return {
    vision: {
      width: vision.hidden_size,
      layers: vision.num_hidden_layers,
      heads: vision.num_attention_heads,
      feedForward: vision.intermediate_size,
      side: vision.image_size,
      patch: vision.patch_size,
      epsilon: vision.layer_norm_eps,
      bias: vision.qkv_bias,
    },
    qFormer: {
      queries: config.num_query_tokens,
      width: former.hidden_size,
      layers: former.num_hidden_layers,
      heads: former.num_attention_heads,
      feedForward: former.intermediate_size,
      every: former.cross_attention_frequency,
      epsilon: former.layer_norm_eps,
      visionWidth: vision.hidden_size,
    },
    opt: {
      width: text.hidden_size,
      layers: text.num_hidden_layers,
      heads: text.num_attention_heads,
      kvHeads: text.num_attention_heads,
      headWidth: text.hidden_size / text.num_attention_heads,
      feedForward: text.ffn_dim,
      positions: text.max_position_embeddings,
      context: Math.min(context ?? Number.POSITIVE_INFINITY, text.max_position_embeddings),
      vocabulary: text.vocab_size,
      tied: text.tie_word_embeddings,
    },
    begin: text.bos_token_id,
    ends: text.eos_token_id,
  };
}

function checkFollowed(path: string, config: z.infer<typeof configSchema>): void {
  const { vision_config: vision, qformer_config: former, text_config: text } = config;
  const need = (field: string, expected: unknown, found: unknown): void => {
    if (found === expected) return;
    throw checkpointInvalid(
      path,
      `${field}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}.`,
    );
  };
  need('vision_config.hidden_act', 'gelu', vision.hidden_act);
  need('vision_config.image_size % patch_size', 0, vision.image_size % vision.patch_size);
  need('vision_config.hidden_size % num_attention_heads', 0, vision.hidden_size % vision.num_attention_heads);
  need('qformer_config.hidden_act', 'gelu', former.hidden_act);
  need('qformer_config.position_embedding_type', 'absolute', former.position_embedding_type);
  need('qformer_config.use_qformer_text_input', false, former.use_qformer_text_input);
  need(
    'qformer_config.hidden_size % num_attention_heads',
    0,
    former.hidden_size % former.num_attention_heads,
  );
  need('text_config.activation_function', 'relu', text.activation_function);
  need('text_config.do_layer_norm_before', true, text.do_layer_norm_before);
  need('text_config.enable_bias', true, text.enable_bias);
  need('text_config.layer_norm_elementwise_affine', true, text.layer_norm_elementwise_affine);
  need('text_config._remove_final_layer_norm', false, text._remove_final_layer_norm);
  need('text_config.word_embed_proj_dim', text.hidden_size, text.word_embed_proj_dim ?? text.hidden_size);
  if ((text.hidden_size / text.num_attention_heads) % 16 !== 0) {
    throw checkpointInvalid(
      path,
      `text_config: expected heads of a multiple of 16 channels, which the attention operator needs, found ${text.hidden_size / text.num_attention_heads}.`,
    );
  }
  if (config.quantization_config != null) {
    need('quantization_config', null, config.quantization_config);
  }
}
