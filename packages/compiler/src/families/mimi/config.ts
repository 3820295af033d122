/**
 * `config.json` of a Mimi checkpoint as transformers writes it, as checked data, with the defaults of the reference.
 * Fields that change nothing here (of training, of other libraries) are let pass.
 * Source: `configuration_mimi.py` of https://github.com/huggingface/transformers
 */
import { z } from 'zod';
import type { SeanetPlan } from '../../blocks/seanet.ts';
import type { WindowedTransformer } from '../../blocks/windowed-transformer.ts';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import type { CodebookCounts } from '../codec.ts';

const count = z.int().positive();

const configSchema = z.object({
  model_type: z.literal('mimi'),
  sampling_rate: count.default(24_000),
  /** Frames a second; older files say it, newer ones leave it to the strides. */
  frame_rate: z.number().positive().nullish(),
  _frame_rate: z.number().positive().nullish(),
  audio_channels: z.literal(1).default(1),
  hidden_size: count.default(512),
  num_filters: count.default(64),
  num_residual_layers: z.int().nonnegative().default(1),
  upsampling_ratios: z.array(z.int().min(2)).min(1).default([8, 6, 5, 4]),
  kernel_size: count.default(7),
  last_kernel_size: count.default(3),
  residual_kernel_size: count.default(3),
  dilation_growth_rate: count.default(2),
  use_causal_conv: z.literal(true).default(true),
  pad_mode: z.enum(['constant', 'replicate']).default('constant'),
  compress: count.default(2),
  trim_right_ratio: z.literal(1).default(1),
  codebook_size: z.int().min(2).default(2048),
  codebook_dim: count.nullable().default(256),
  num_quantizers: count.default(32),
  num_semantic_quantizers: count.default(1),
  use_conv_shortcut: z.boolean().default(false),
  vector_quantization_hidden_dimension: count.default(256),
  upsample_groups: count.default(512),
  num_hidden_layers: count.default(8),
  intermediate_size: count.default(2048),
  num_attention_heads: count.default(8),
  num_key_value_heads: count.default(8),
  head_dim: count.nullish(),
  hidden_act: z.literal('gelu').default('gelu'),
  norm_eps: z.number().positive().default(1e-5),
  /** Positions at the rate of the transformers, the position itself among them. */
  sliding_window: z.int().min(2).default(250),
  attention_bias: z.literal(false).default(false),
  rope_theta: z.number().positive().nullish(),
  rope_parameters: z.object({ rope_theta: z.number().positive(), rope_type: z.literal('default') }).nullish(),
});

export interface MimiConfig {
  /** Samples per second, Hz. */
  readonly rate: number;
  /** Samples per frame. */
  readonly stride: number;
  readonly seanet: SeanetPlan;
  /** Of the encoder and of the decoder; their prefixes are `encoder_transformer` and `decoder_transformer`. */
  readonly transformer: Omit<WindowedTransformer, 'prefix'>;
  /** Positions of the transformers per frame. */
  readonly positions: number;
  readonly upsampleGroups: number;
  /** Ids of one codebook. */
  readonly codes: number;
  /** Width of the codes; where it is not that of the latents, they are projected. */
  readonly codeWidth: number;
  /** How many of the codebooks are semantic: the first ones. */
  readonly semantic: number;
  readonly codebooks: CodebookCounts;
}

type Raw = z.infer<typeof configSchema>;

/** Throws CHECKPOINT_INVALID. */
export function parseConfig(path: string, value: unknown): MimiConfig {
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw checkpointInvalid(path, `${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`, {
      cause: parsed.error,
    });
  }
  const config = parsed.data;
  const hop = config.upsampling_ratios.reduce((product, ratio) => product * ratio, 1);
  const headWidth = config.head_dim ?? Math.floor(config.hidden_size / config.num_attention_heads);
  const positions = positionsPerFrame(config, hop);
  const codeWidth = config.vector_quantization_hidden_dimension;
  check(path, config, { headWidth, positions, codeWidth: config.codebook_dim ?? config.hidden_size });
  return {
    rate: config.sampling_rate,
    stride: hop * positions,
    seanet: seanetPlan(config),
    transformer: {
      layers: config.num_hidden_layers,
      width: config.hidden_size,
      heads: config.num_attention_heads,
      kvHeads: config.num_key_value_heads,
      headWidth,
      window: config.sliding_window,
      feedForward: config.intermediate_size,
      theta: config.rope_parameters?.rope_theta ?? config.rope_theta ?? 10_000,
      epsilon: config.norm_eps,
    },
    positions,
    upsampleGroups: config.upsample_groups,
    codes: config.codebook_size,
    codeWidth,
    semantic: config.num_semantic_quantizers,
    codebooks: {
      all: config.num_quantizers,
      fewest: config.num_semantic_quantizers,
      usual: config.num_quantizers,
    },
  };
}

/** As the reference counts it: two, unless the config says how many frames a second there are. */
function positionsPerFrame({ sampling_rate, frame_rate, _frame_rate }: Raw, hop: number): number {
  const frames = frame_rate ?? _frame_rate ?? sampling_rate / (2 * hop);
  return Math.floor(Math.ceil(sampling_rate / hop) / frames);
}

function seanetPlan(config: Raw): SeanetPlan {
  return {
    filters: config.num_filters,
    width: config.hidden_size,
    ratios: config.upsampling_ratios,
    kernel: config.kernel_size,
    lastKernel: config.last_kernel_size,
    residualKernel: config.residual_kernel_size,
    residualBlocks: config.num_residual_layers,
    dilationGrowth: config.dilation_growth_rate,
    compress: config.compress,
    shortcut: config.use_conv_shortcut,
    lstmLayers: 0,
    padding: config.pad_mode,
    causal: true,
    trimRight: 1,
  };
}

/** What no field says alone. */
function check(
  path: string,
  config: Raw,
  { headWidth, positions, codeWidth }: { headWidth: number; positions: number; codeWidth: number },
): void {
  const { num_attention_heads: heads, num_key_value_heads: kvHeads, hidden_size: width } = config;
  const { num_quantizers: all, num_semantic_quantizers: semantic, upsample_groups: groups } = config;
  const faults: [boolean, string, string, number][] = [
    [heads % kvHeads !== 0, 'num_key_value_heads', `a divisor of num_attention_heads (${heads})`, kvHeads],
    [headWidth % 2 !== 0, 'head_dim', 'an even number', headWidth],
    [semantic >= all, 'num_semantic_quantizers', `fewer than num_quantizers (${all})`, semantic],
    [width % groups !== 0, 'upsample_groups', `a divisor of hidden_size (${width})`, groups],
    [
      positions < 2,
      'frame_rate',
      'at most half the rate of the transformers',
      config.frame_rate ?? Number.NaN,
    ],
    [config.num_filters < config.compress, 'compress', 'at most num_filters', config.compress],
    [
      codeWidth !== config.vector_quantization_hidden_dimension,
      'codebook_dim',
      `vector_quantization_hidden_dimension (${config.vector_quantization_hidden_dimension})`,
      codeWidth,
    ],
  ];
  const fault = faults.find(([wrong]) => wrong);
  if (fault !== undefined) {
    const [, field, expected, found] = fault;
    throw checkpointInvalid(path, `${field}: expected ${expected}, found ${found}.`);
  }
}
