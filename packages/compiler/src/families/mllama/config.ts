/**
 * `config.json` of Llama 3.2 Vision (`mllama`) → plan. The text part is a Llama's, read as one; unknown fields pass,
 * and what would change the computation and is not followed is an error that names it.
 */
import { z } from 'zod';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import { parseHuggingFace, planHuggingFace } from '../llama/hugging-face.ts';
import type { LlamaPlan } from '../llama/plan.ts';
import type { TilesPlan } from './vision.ts';

export const modelTypes = ['mllama'] as const;

const count = z.int().positive();
const index = z.int().nonnegative();

const visionSchema = z.looseObject({
  hidden_size: count.default(1280),
  attention_heads: count.nullish(),
  num_attention_heads: count.nullish(),
  intermediate_size: count.default(5120),
  num_hidden_layers: count.default(32),
  num_global_layers: count.default(8),
  num_channels: count.default(3),
  vision_output_dim: count.default(7680),
  image_size: count.default(448),
  patch_size: count.default(14),
  max_num_tiles: count.default(4),
  norm_eps: z.number().positive().default(1e-5),
  hidden_act: z.string().default('gelu'),
  intermediate_layers_indices: z.array(index).min(1).default([3, 7, 15, 23, 30]),
  supported_aspect_ratios: z.array(z.tuple([count, count])).nullish(),
});

const textSchema = z.looseObject({
  vocab_size: count.default(128_256),
  hidden_size: count.default(4096),
  intermediate_size: count.default(14_336),
  num_hidden_layers: count.default(40),
  num_attention_heads: count.default(32),
  num_key_value_heads: count.default(8),
  max_position_embeddings: count.default(131_072),
  rms_norm_eps: z.number().positive().default(1e-5),
  rope_theta: z.number().positive().default(500_000),
  cross_attention_layers: z.array(index).default([3, 8, 13, 18, 23, 28, 33, 38]),
  bos_token_id: z.unknown().optional(),
  eos_token_id: z.unknown().optional(),
});

const configSchema = z.looseObject({
  vision_config: visionSchema.prefault({}),
  text_config: textSchema.prefault({}),
  image_token_index: index.default(128_256),
  quantization_config: z.unknown().optional(),
});

export interface MllamaText extends LlamaPlan {
  /** Layers that look at pictures instead of the text. */
  readonly cross: readonly number[];
}

export interface MllamaPlan {
  readonly text: MllamaText;
  readonly vision: TilesPlan;
  /** Of `<|image|>`, which has an embedding beyond the vocabulary and no score. */
  readonly imageToken: number;
  /** What `tokens.ts` wants to know of begin and end. */
  readonly ids: { readonly bos_token_id?: number | number[]; readonly eos_token_id?: number | number[] };
}

/** Embeddings beyond the vocabulary. */
export const extraRows = 8;

/** `context`: positions asked for, those of pictures among them. Throws CHECKPOINT_INVALID. */
export function planMllama(path: string, value: unknown, context?: number): MllamaPlan {
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw checkpointInvalid(path, `${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`, {
      cause: parsed.error,
    });
  }
  const { text_config: text, vision_config: vision, quantization_config: quantized } = parsed.data;
  const asLlama = parseHuggingFace(path, {
    ...text,
    model_type: 'llama',
    ...(quantized != null && { quantization_config: quantized }),
  });
  const refuse = (field: string, expected: unknown, found: unknown): never => {
    throw checkpointInvalid(
      path,
      `${field}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}.`,
    );
  };
  const { cross_attention_layers: cross } = text;
  const beyond = cross.find((layer) => layer >= text.num_hidden_layers);
  if (beyond !== undefined) refuse('cross_attention_layers', `below ${text.num_hidden_layers}`, beyond);
  if (parsed.data.image_token_index >= text.vocab_size + extraRows) {
    refuse('image_token_index', `below ${text.vocab_size + extraRows}`, parsed.data.image_token_index);
  }
  return {
    text: { ...planHuggingFace(path, asLlama, context), cross },
    vision: planVision(vision, refuse),
    imageToken: parsed.data.image_token_index,
    ids: {
      ...(asLlama.bos_token_id != null && { bos_token_id: asLlama.bos_token_id }),
      ...(asLlama.eos_token_id != null && { eos_token_id: asLlama.eos_token_id }),
    },
  };
}

function planVision(
  vision: z.infer<typeof visionSchema>,
  refuse: (field: string, expected: unknown, found: unknown) => never,
): TilesPlan {
  const {
    hidden_size: width,
    intermediate_layers_indices: kept,
    image_size: side,
    patch_size: patch,
  } = vision;
  const heads = vision.attention_heads ?? vision.num_attention_heads ?? 16;
  const need = (field: string, expected: unknown, found: unknown): void => {
    if (JSON.stringify(found) !== JSON.stringify(expected)) refuse(`vision_config.${field}`, expected, found);
  };
  need('hidden_act', 'gelu', vision.hidden_act);
  need('num_channels', 3, vision.num_channels);
  need('image_size % patch_size', 0, side % patch);
  need('hidden_size % attention_heads', 0, width % heads);
  need('vision_output_dim', width * (1 + kept.length), vision.vision_output_dim);
  const sides = Array.from({ length: vision.max_num_tiles }, (_, i) => i + 1);
  const canvases = sides.flatMap((rows) =>
    sides
      .filter((columns) => rows * columns <= vision.max_num_tiles)
      .map((columns): [number, number] => [rows, columns]),
  );
  need('supported_aspect_ratios', canvases, vision.supported_aspect_ratios ?? canvases);
  const beyond = kept.find((layer) => layer >= vision.num_hidden_layers);
  if (beyond !== undefined) need('intermediate_layers_indices', `below ${vision.num_hidden_layers}`, beyond);
  return {
    width,
    heads,
    feedForward: vision.intermediate_size,
    layers: vision.num_hidden_layers,
    globalLayers: vision.num_global_layers,
    kept,
    side,
    patch,
    epsilon: vision.norm_eps,
    tiles: vision.max_num_tiles,
    canvases,
  };
}
