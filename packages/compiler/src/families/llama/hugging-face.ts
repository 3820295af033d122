/**
 * `config.json` of Hugging Face's Llama-shaped models → plan. Such files hold much that no computation needs, so
 * unknown fields pass; what would change the computation and is not followed is an error that names it.
 */
import { z } from 'zod';
import { type RopeScaling, yarnAmplitude } from '../../blocks/rope-scaling.ts';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import type { LayerPart, LlamaPlan, TensorNames } from './plan.ts';

/** The `model_type`s of this family. */
export const modelTypes = ['llama', 'mistral', 'qwen2', 'qwen3'] as const;

const count = z.int().positive();
const number = z.number().positive();
const ids = z.union([z.int().nonnegative(), z.array(z.int().nonnegative())]);

const ropeSchema = z.looseObject({
  rope_theta: number.nullish(),
  rope_type: z.string().nullish(),
  /** The older name of `rope_type`. */
  type: z.string().nullish(),
  factor: number.nullish(),
  low_freq_factor: number.nullish(),
  high_freq_factor: number.nullish(),
  original_max_position_embeddings: count.nullish(),
  attention_factor: number.nullish(),
  beta_fast: number.nullish(),
  beta_slow: number.nullish(),
  mscale: z.number().nullish(),
  mscale_all_dim: z.number().nullish(),
  truncate: z.boolean().nullish(),
  partial_rotary_factor: number.nullish(),
});

const configSchema = z.looseObject({
  model_type: z.enum(modelTypes),
  vocab_size: count,
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  hidden_act: z.string().default('silu'),
  max_position_embeddings: count,
  rms_norm_eps: number.default(1e-6),
  rope_theta: number.nullish(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.nullish(),
  partial_rotary_factor: number.nullish(),
  attention_bias: z.boolean().nullish(),
  mlp_bias: z.boolean().nullish(),
  tie_word_embeddings: z.boolean().nullish(),
  sliding_window: count.nullish(),
  use_sliding_window: z.boolean().nullish(),
  layer_types: z.array(z.string()).nullish(),
  quantization_config: z.unknown().optional(),
  bos_token_id: ids.nullish(),
  eos_token_id: ids.nullish(),
});

export type HuggingFaceConfig = z.infer<typeof configSchema>;
type Rope = z.infer<typeof ropeSchema>;

/** Throws CHECKPOINT_INVALID for what is missing, wrong or not followed. */
export function parseHuggingFace(path: string, value: unknown): HuggingFaceConfig {
  const parsed = configSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw checkpointInvalid(path, `${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`, {
    cause: parsed.error,
  });
}

/** `context`: positions asked for, where they are fewer than the model's. */
export function planHuggingFace(path: string, config: HuggingFaceConfig, context?: number): LlamaPlan {
  const kvHeads = config.num_key_value_heads ?? config.num_attention_heads;
  const plan: LlamaPlan = {
    width: config.hidden_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    kvHeads,
    headWidth: config.head_dim ?? config.hidden_size / config.num_attention_heads,
    feedForward: config.intermediate_size,
    context: Math.min(context ?? Number.POSITIVE_INFINITY, config.max_position_embeddings),
    theta: config.rope_parameters?.rope_theta ?? config.rope_theta ?? 10_000,
    scaling: readScaling(path, config),
    normEpsilon: config.rms_norm_eps,
    qkNorm: config.model_type === 'qwen3',
    bias: biases(config),
    vocabulary: config.vocab_size,
    tied: config.tie_word_embeddings ?? false,
  };
  checkFollowed(path, config, plan);
  return plan;
}

/** As the classes of transformers have them: some always, some by the config. */
function biases({ model_type, attention_bias, mlp_bias }: HuggingFaceConfig): LlamaPlan['bias'] {
  const asked = attention_bias ?? false;
  switch (model_type) {
    case 'llama':
      return { qkv: asked, out: asked, feedForward: mlp_bias ?? false };
    case 'qwen3':
      return { qkv: asked, out: asked, feedForward: false };
    case 'qwen2':
      return { qkv: true, out: false, feedForward: false };
    case 'mistral':
      return { qkv: false, out: false, feedForward: false };
  }
}

/** More than any model has; a graph is built before its tensors are looked for. */
const most = { layers: 10_000, context: 2 ** 24 };

/** Checks every plan, from whatever file. */
export function checkPlan(path: string, plan: LlamaPlan): void {
  const { heads, kvHeads, headWidth, vocabulary } = plan;
  for (const key of ['layers', 'context'] as const) {
    if (plan[key] <= most[key]) continue;
    throw checkpointInvalid(path, `${key}: expected at most ${most[key]}, found ${plan[key]}.`);
  }
  if (vocabulary < 1) {
    throw checkpointInvalid(path, 'the embedding table: expected at least one row, found none.');
  }
  if (heads % kvHeads !== 0) {
    throw checkpointInvalid(
      path,
      `expected the query heads to be a multiple of the key heads, found ${heads} and ${kvHeads}.`,
    );
  }
  if (headWidth % 16 !== 0) {
    throw checkpointInvalid(
      path,
      `expected heads of a multiple of 16 channels, which the attention operator needs, found ${headWidth}.`,
    );
  }
}

function checkFollowed(path: string, config: HuggingFaceConfig, plan: LlamaPlan): void {
  checkPlan(path, plan);
  const refuse = (field: string, expected: string, found: unknown): never => {
    throw checkpointInvalid(path, `${field}: expected ${expected}, found ${JSON.stringify(found)}.`);
  };
  if (config.hidden_act !== 'silu') refuse('hidden_act', '"silu"', config.hidden_act);
  const partial = config.rope_parameters?.partial_rotary_factor ?? config.partial_rotary_factor ?? 1;
  if (partial !== 1) refuse('partial_rotary_factor', '1', partial);
  if (config.quantization_config != null) {
    refuse('quantization_config', 'none (weights as floats)', config.quantization_config);
  }
  const window = slidingWindow(config);
  if (window !== undefined && plan.context > window) {
    refuse('sliding_window', `at least ${plan.context}, or the option context of at most it`, window);
  }
}

/** How far a position may look back, where that is less than everything. */
function slidingWindow(config: HuggingFaceConfig): number | undefined {
  const { layer_types: kinds, use_sliding_window: used, model_type, sliding_window: window } = config;
  const slides = kinds?.some((kind) => kind !== 'full_attention') ?? used ?? model_type === 'mistral';
  return slides ? (window ?? undefined) : undefined;
}

function readScaling(path: string, config: HuggingFaceConfig): RopeScaling {
  const rope: Rope = config.rope_parameters ?? config.rope_scaling ?? {};
  const kind = rope.rope_type ?? rope.type ?? 'default';
  const need = (field: keyof Rope): number => {
    const value = rope[field];
    if (typeof value === 'number') return value;
    throw checkpointInvalid(path, `rope of type ${kind}: expected a number as ${field}, found none.`);
  };
  switch (kind) {
    case 'default':
      return { kind };
    case 'linear':
      return { kind, factor: need('factor') };
    case 'llama3':
      return {
        kind,
        factor: need('factor'),
        lowFactor: need('low_freq_factor'),
        highFactor: need('high_freq_factor'),
        original: need('original_max_position_embeddings'),
      };
    case 'yarn': {
      const factor = need('factor');
      const { mscale, mscale_all_dim: whole } = rope;
      const inferred =
        mscale && whole
          ? yarnAmplitude(factor, mscale) / yarnAmplitude(factor, whole)
          : yarnAmplitude(factor);
      return {
        kind,
        factor,
        betaFast: rope.beta_fast ?? 32,
        betaSlow: rope.beta_slow ?? 1,
        original: rope.original_max_position_embeddings ?? config.max_position_embeddings,
        amplitude: rope.attention_factor ?? inferred,
        truncate: rope.truncate ?? true,
      };
    }
    default:
      throw checkpointInvalid(
        path,
        `rope type: expected default, linear, llama3 or yarn, found ${JSON.stringify(kind)}.`,
      );
  }
}

const layerNames: Readonly<Record<LayerPart, string>> = {
  'attention.norm': 'input_layernorm',
  'attention.q': 'self_attn.q_proj',
  'attention.k': 'self_attn.k_proj',
  'attention.v': 'self_attn.v_proj',
  'attention.o': 'self_attn.o_proj',
  'attention.q_norm': 'self_attn.q_norm',
  'attention.k_norm': 'self_attn.k_norm',
  'feed_forward.norm': 'post_attention_layernorm',
  'feed_forward.gate': 'mlp.gate_proj',
  'feed_forward.up': 'mlp.up_proj',
  'feed_forward.down': 'mlp.down_proj',
};

const prefixes = ['model.', 'language_model.model.', 'model.language_model.', ''] as const;

/** Names drift between versions: the prefix is the one under which the embedding table stands. */
export function namesOf(tensors: ReadonlyMap<string, unknown>): TensorNames {
  const prefix = prefixes.find((one) => tensors.has(`${one}embed_tokens.weight`)) ?? 'model.';
  return {
    embedding: `${prefix}embed_tokens.weight`,
    head: prefix === 'language_model.model.' ? 'language_model.lm_head.weight' : 'lm_head.weight',
    norm: `${prefix}norm.weight`,
    layer: (index, part) => `${prefix}layers.${index}.${layerNames[part]}`,
  };
}
