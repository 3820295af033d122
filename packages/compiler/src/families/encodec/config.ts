/**
 * `config.json` of an EnCodec checkpoint as transformers writes it, as checked data: what it says of the networks, with
 * the defaults of the reference. Fields that change nothing here (of training, of other libraries) are let pass.
 * Source: `configuration_encodec.py` of https://github.com/huggingface/transformers
 */
import { z } from 'zod';
import type { SeanetPlan } from '../../blocks/seanet.ts';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import type { CodebookCounts } from '../codec.ts';

const count = z.int().positive();

const configSchema = z.object({
  model_type: z.literal('encodec'),
  target_bandwidths: z.array(z.number().positive()).min(1).default([1.5, 3, 6, 12, 24]),
  sampling_rate: count.default(24_000),
  audio_channels: z.literal(1).default(1),
  normalize: z.literal(false).default(false),
  chunk_length_s: z.null().default(null),
  hidden_size: count.default(128),
  num_filters: count.default(32),
  num_residual_layers: z.int().nonnegative().default(1),
  upsampling_ratios: z.array(z.int().min(2)).min(1).default([8, 5, 4, 2]),
  norm_type: z.literal('weight_norm').default('weight_norm'),
  kernel_size: count.default(7),
  last_kernel_size: count.default(7),
  residual_kernel_size: count.default(3),
  dilation_growth_rate: count.default(2),
  use_causal_conv: z.boolean().default(true),
  pad_mode: z.enum(['reflect', 'constant', 'replicate']).default('reflect'),
  compress: count.default(2),
  num_lstm_layers: count.default(2),
  trim_right_ratio: z.number().min(0).max(1).default(1),
  codebook_size: z.int().min(2).default(1024),
  codebook_dim: count.nullish(),
  use_conv_shortcut: z.boolean().default(true),
});

/** Fields of the 48 kHz stereo model, which is another network. */
const stereo = ['audio_channels', 'normalize', 'chunk_length_s', 'norm_type'];

export interface EncodecConfig {
  /** Samples per second, Hz. */
  readonly rate: number;
  /** Samples per frame. */
  readonly stride: number;
  readonly seanet: SeanetPlan;
  /** Ids of one codebook. */
  readonly codes: number;
  /** Usual is what the lowest bandwidth takes. */
  readonly codebooks: CodebookCounts;
}

/** Throws CHECKPOINT_INVALID; for the 48 kHz model it says that this is not supported. */
export function parseConfig(path: string, value: unknown): EncodecConfig {
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.join('.') ?? '';
    const hint = stereo.includes(field)
      ? ' The 48 kHz stereo model, which normalises chunks of a second, is not supported: use the one of 24 or 32 kHz.'
      : '';
    throw checkpointInvalid(path, `${field || 'the whole'}: ${issue?.message}.${hint}`, {
      cause: parsed.error,
    });
  }
  const config = parsed.data;
  const { hidden_size: width, codebook_dim: codeWidth, codebook_size: codes, num_filters: filters } = config;
  const wrong = (field: string, expected: string, found: unknown) =>
    checkpointInvalid(path, `${field}: expected ${expected}, found ${found}.`);
  if ((codeWidth ?? width) !== width) throw wrong('codebook_dim', `hidden_size (${width})`, codeWidth);
  if (!config.use_causal_conv && config.trim_right_ratio !== 1)
    throw wrong('trim_right_ratio', '1 without use_causal_conv', config.trim_right_ratio);
  if (filters < config.compress) throw wrong('compress', `at most num_filters (${filters})`, config.compress);
  const stride = config.upsampling_ratios.reduce((product, ratio) => product * ratio, 1);
  const perCodebook = Math.ceil(config.sampling_rate / stride) * Math.log2(codes); // bits per second
  const codebooksOf = (bandwidth: number) => Math.max(1, Math.floor((bandwidth * 1000) / perCodebook));
  return {
    rate: config.sampling_rate,
    stride,
    seanet: {
      filters,
      width,
      ratios: config.upsampling_ratios,
      kernel: config.kernel_size,
      lastKernel: config.last_kernel_size,
      residualKernel: config.residual_kernel_size,
      residualBlocks: config.num_residual_layers,
      dilationGrowth: config.dilation_growth_rate,
      compress: config.compress,
      shortcut: config.use_conv_shortcut,
      lstmLayers: config.num_lstm_layers,
      padding: config.pad_mode,
      causal: config.use_causal_conv,
      trimRight: config.trim_right_ratio,
    },
    codes,
    codebooks: {
      all: codebooksOf(config.target_bandwidths.at(-1)!), // at least one, by the schema
      fewest: 1,
      usual: codebooksOf(config.target_bandwidths[0]!),
    },
  };
}
