/**
 * `config.json` of a Swin2SR checkpoint as transformers writes it, as checked data, with the defaults of the reference.
 * Fields that change nothing here (of training, of other libraries) are let pass.
 * Source: `configuration_swin2sr.py` of https://github.com/huggingface/transformers
 */
import { z } from 'zod';
import type { Enlarging, Step } from '../../blocks/enlarging.ts';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import type { UpsamplerPlan } from '../upsampler.ts';

const count = z.int().positive();

const configSchema = z.object({
  model_type: z.literal('swin2sr'),
  image_size: count.default(64),
  patch_size: z.literal(1).default(1),
  num_channels: z.literal(3).default(3),
  num_channels_out: z.literal(3).nullish(),
  embed_dim: count.default(180),
  depths: z.array(count).min(1).default([6, 6, 6, 6, 6, 6]),
  num_heads: z.array(count).min(1).default([6, 6, 6, 6, 6, 6]),
  window_size: z.int().min(2).default(8),
  mlp_ratio: z.number().positive().default(2),
  qkv_bias: z.boolean().default(true),
  hidden_act: z.literal('gelu').default('gelu'),
  use_absolute_embeddings: z.literal(false).default(false),
  layer_norm_eps: z.number().positive().default(1e-5),
  upscale: count.default(2),
  img_range: z.number().positive().default(1),
  resi_connection: z.enum(['1conv', '3conv']).default('1conv'),
  upsampler: z
    .enum(['pixelshuffle', 'pixelshuffledirect', 'nearest+conv', 'pixelshuffle_aux'])
    .default('pixelshuffle'),
});

type Config = z.infer<typeof configSchema>;

/** What the config says; widths it does not say are read from tensors. */
export interface Swin2srPlan extends UpsamplerPlan {
  readonly epsilon: number;
  /** Queries and values have biases. */
  readonly bias: boolean;
}

/** `featuresOf` a tensor's name: its first dimension, where the config does not say it. Throws CHECKPOINT_INVALID. */
export function parseConfig(
  path: string,
  value: unknown,
  featuresOf: (tensor: string) => number,
): Swin2srPlan {
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw checkpointInvalid(path, `${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`, {
      cause: parsed.error,
    });
  }
  const config = parsed.data;
  const wrong = (field: string, expected: string, found: unknown) =>
    checkpointInvalid(path, `${field}: expected ${expected}, found ${found}.`);
  const { depths, num_heads: heads, embed_dim: width, window_size: window } = config;
  if (heads.length !== depths.length) throw wrong('num_heads', `${depths.length} numbers`, heads.length);
  const uneven = heads.find((each) => width % each !== 0);
  if (uneven !== undefined) throw wrong('num_heads', `divisors of embed_dim (${width})`, uneven);
  // In smaller ones the reference shifts no windows, or makes them smaller.
  if (config.image_size <= window)
    throw wrong('image_size', `above window_size (${window})`, config.image_size);
  return {
    width,
    window,
    stages: depths.map((depth, i) => ({ depth, heads: heads[i]! })), // as many of both
    hidden: Math.floor(config.mlp_ratio * width),
    residual: config.resi_connection,
    after: '1conv',
    range: config.img_range,
    end: endOf(config, featuresOf, wrong),
    epsilon: config.layer_norm_eps,
    bias: config.qkv_bias,
  };
}

function endOf(
  { upsampler: kind, upscale }: Config,
  featuresOf: (tensor: string) => number,
  wrong: (field: string, expected: string, found: unknown) => Error,
): Enlarging {
  if (kind === 'pixelshuffledirect') return { kind, step: { prefix: 'upsample.conv', factor: upscale } };
  const before = 'upsample.conv_before_upsample';
  const last = 'upsample.final_convolution';
  const features = featuresOf(`${before}.weight`);
  if (kind === 'nearest+conv') {
    if (upscale !== 4) throw wrong('upscale', '4 with nearest+conv', upscale);
    const steps = ['upsample.conv_up1', 'upsample.conv_up2'];
    return { kind, features, before, steps, high: 'upsample.conv_hr', last };
  }
  const doublings = Math.log2(upscale);
  if (upscale < 2 || (upscale !== 3 && !Number.isInteger(doublings)))
    throw wrong('upscale', '3 or a power of 2', upscale);
  const prefix = 'upsample.upsample.convolution';
  const steps: Step[] =
    upscale === 3
      ? [{ prefix, factor: 3 }]
      : Array.from({ length: doublings }, (_, i) => ({ prefix: `${prefix}_${i}`, factor: 2 }));
  if (kind === 'pixelshuffle') return { kind, features, before, steps, last };
  const [bicubic, aux, after] = ['conv_bicubic', 'conv_aux', 'conv_after_aux.0'].map(
    (name) => `upsample.${name}`,
  ) as [string, string, string]; // three in, three out
  return { kind, features, before, steps, last, bicubic, aux, after };
}
