/**
 * `config.json` and `preprocessor_config.json` of a Chameleon checkpoint (Meta 2024, arXiv 2405.09818) as transformers
 * saves them → plans of the decoder and of the image tokenizer, and how pictures are made ready.
 */
import { z } from 'zod';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import { type HuggingFaceConfig, parseHuggingFace, planHuggingFace } from '../llama/hugging-face.ts';
import type { LlamaPlan } from '../llama/plan.ts';
import { parseChecked, readChecked } from '../parse.ts';
import { checkPlan, levelsOf } from '../vqgan/config.ts';
import type { VqPlan } from '../vqgan/graphs.ts';

const count = z.int().positive();

/** What transformers fills in, where it is other than for a Llama. */
const defaults = {
  vocab_size: 65_536,
  hidden_size: 4096,
  intermediate_size: 11_008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 32,
  max_position_embeddings: 4096,
  rms_norm_eps: 1e-5,
};

const schema = z.looseObject({
  swin_norm: z.boolean().default(false),
  vocabulary_map: z.record(z.string(), z.int().nonnegative()),
  vq_config: z
    .looseObject({
      embed_dim: count.default(256),
      num_embeddings: count.default(8192),
      double_latent: z.literal(false).default(false),
      latent_channels: count.default(256),
      resolution: count.default(512),
      in_channels: z.literal(3).default(3),
      base_channels: count.default(128),
      channel_multiplier: z.array(count).min(1).default([1, 1, 2, 2, 4]),
      num_res_blocks: count.default(2),
      attn_resolutions: z.array(count).nullish(),
      attn_type: z.enum(['vanilla', 'none']).default('vanilla'),
    })
    .prefault({}),
});

export interface ChameleonConfig {
  /** The fields that a Llama has too. */
  readonly shared: HuggingFaceConfig;
  readonly plan: LlamaPlan;
  readonly vq: VqPlan;
  /** Rows, and columns, of ids of a picture. */
  readonly side: number;
  readonly vocabulary: Readonly<Record<string, number>>;
}

/** `context`: positions asked for, where they are fewer than the model's. Throws CHECKPOINT_INVALID. */
export function parseChameleon(path: string, value: unknown, context?: number): ChameleonConfig {
  const parsed = parseChecked(path, schema, value);
  // The schema has found an object.
  const shared = parseHuggingFace(path, { ...defaults, ...(value as object), model_type: 'llama' });
  const own = { qkLayerNorm: true, normAfter: parsed.swin_norm };
  const plan: LlamaPlan = { ...planHuggingFace(path, shared, context), ...own };
  const { resolution, channel_multiplier: multiples, ...rest } = parsed.vq_config;
  const vanilla = rest.attn_type === 'vanilla';
  const vq: VqPlan = {
    base: rest.base_channels,
    levels: levelsOf(rest.base_channels, multiples, resolution, (vanilla && rest.attn_resolutions) || []),
    blocks: rest.num_res_blocks,
    middleAttention: vanilla,
    latent: rest.latent_channels,
    groups: 32,
    codes: rest.num_embeddings,
    codeWidth: rest.embed_dim,
    nearness: 'distance',
  };
  checkPlan(path, vq);
  const side = resolution / 2 ** (multiples.length - 1);
  if (!Number.isInteger(side)) {
    throw checkpointInvalid(
      path,
      `vq_config.resolution: expected a multiple of ${2 ** (multiples.length - 1)}, found ${resolution}.`,
    );
  }
  return { shared, plan, vq, side, vocabulary: parsed.vocabulary_map };
}

const colour = z.tuple([z.number(), z.number(), z.number()]);
const preprocessorSchema = z.looseObject({
  do_resize: z.literal(true).default(true),
  do_center_crop: z.literal(true).default(true),
  do_rescale: z.literal(true).default(true),
  do_normalize: z.literal(true).default(true),
  resample: z.int().default(1),
  rescale_factor: z.number().positive().default(0.0078),
  image_mean: colour.default([1, 1, 1]),
  image_std: colour.default([1, 1, 1]),
});

/** The resampling filters of Pillow that pictures can be scaled with, by their numbers. */
const kernels: Readonly<Record<number, 'lanczos3' | 'cubic'>> = { 1: 'lanczos3', 3: 'cubic' };

/** The option `pixels` of the image tokenizer. Without the file, what transformers does unasked. Throws CHECKPOINT_INVALID. */
export async function readFitting(path: string): Promise<Readonly<Record<string, unknown>>> {
  const {
    resample,
    rescale_factor: scale,
    image_mean: mean,
    image_std: deviation,
  } = await readChecked(path, preprocessorSchema);
  const kernel = kernels[resample];
  if (kernel === undefined) {
    throw checkpointInvalid(path, `resample: expected 1 (Lanczos) or 3 (bicubic), found ${resample}.`);
  }
  return { fit: 'cover', kernel, scale, mean, deviation };
}
