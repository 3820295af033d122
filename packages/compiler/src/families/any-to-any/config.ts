/**
 * `config.json` of the family as checked data. Strict: an unknown field is an error, so nothing is silently left out.
 */
import { guideScalesSchema } from '@any-to-any/core';
import { z } from 'zod';
import { aboutSchema } from '../../options.ts';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import { patchStageSchema } from './patch-config.ts';
import { soundCodecSchema, soundEncoderSchema, soundFault } from './sound-config.ts';

const count = z.int().positive();
const name = z.string().regex(/^[a-z][a-z0-9-]*$/);
const file = z.string().regex(/^[\w-][\w.-]*$/);

const decoderSchema = z.strictObject({
  width: count,
  layers: count,
  heads: count,
  kvHeads: count,
  headWidth: count.refine((width) => width % 16 === 0, 'the attention operator needs a multiple of 16'),
  feedForward: count,
  context: count,
  ropeTheta: z.number().positive(),
  normEpsilon: z.number().positive(),
  qkNorm: z.boolean(),
  /** Relative-position buckets. */
  buckets: z.boolean(),
  /** The four mix-ins, each a part of every layer. */
  typeEmbedding: z.boolean(),
  loraRank: z.int().nonnegative(),
  headScale: z.boolean(),
  gatedResidual: z.boolean(),
});

const tiktokenSchema = z.strictObject({ kind: z.literal('tiktoken'), file, pattern: z.string().min(1) });

const vqSchema = z.strictObject({
  kind: z.literal('vq'),
  factor: z.literal(8),
  codeWidth: count,
  /** At a quarter and an eighth of the side. */
  encoderWidths: z.tuple([count, count]),
  /** At an eighth and a quarter of the side. */
  decoderWidths: z.tuple([count, count]),
  /** Residual blocks at each of the two sizes. */
  blocks: z.int().nonnegative(),
  /** Rows and columns that segments may have. */
  grids: z.array(z.tuple([count, count])).min(1),
});

/** A tokenizer, encoder or adapter that the compiler knows nothing of: its plugin, the plugin's options, files to take along. */
export const pluginSchema = z.strictObject({
  kind: z.literal('plugin'),
  plugin: z.string().min(1),
  options: z.record(z.string(), z.unknown()),
  files: z.array(file),
});

const patchVitSchema = z.strictObject({
  kind: z.literal('patch-vit'),
  /** Pixels. */
  side: count,
  grid: z.tuple([count, count]),
  widths: z.tuple([count, count, count]),
  layers: count,
  heads: count,
  feedForward: count,
});

export const modalitySchema = z.strictObject({
  name,
  open: z.string(),
  close: z.string(),
  offset: z.int().nonnegative(),
  size: count,
  layout: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('line'), buckets: count, maxDistance: count }),
    z.strictObject({ kind: z.literal('grid'), clip: count, block: count }),
    z.strictObject({ kind: z.literal('plugin'), buckets: z.int().nonnegative() }),
  ]),
  tokenizer: z.discriminatedUnion('kind', [tiktokenSchema, vqSchema, soundCodecSchema, pluginSchema]),
  encoder: z.discriminatedUnion('kind', [patchVitSchema, soundEncoderSchema, pluginSchema]).optional(),
  /** What stands for scales of guidance, a vector each. */
  guide: z.strictObject({ scales: guideScalesSchema }).optional(),
  /** What refines the content after decoding, in order. */
  adapters: z.array(z.discriminatedUnion('kind', [patchStageSchema, pluginSchema])).optional(),
});

export const configSchema = z.strictObject({
  family: z.literal('any-to-any'),
  format: z.literal(1),
  decoder: decoderSchema,
  marks: z.array(z.string()).min(1),
  markCapacity: count,
  modalities: z.array(modalitySchema).min(1),
  /** What the manifest of a bundle should say, where the caller of `compile` does not. */
  bundle: aboutSchema.optional(),
});

export type Config = z.infer<typeof configSchema>;
export type DecoderConfig = z.infer<typeof decoderSchema>;
export type Modality = z.infer<typeof modalitySchema>;
export type VqConfig = z.infer<typeof vqSchema>;
export type PatchVitConfig = z.infer<typeof patchVitSchema>;

/** Checks the parsed JSON of a `config.json`. */
export function parseConfig(path: string, value: unknown): Config {
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw checkpointInvalid(path, `${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`, {
      cause: parsed.error,
    });
  }
  const config = parsed.data;
  const { heads, kvHeads } = config.decoder;
  if (heads % kvHeads !== 0) {
    throw checkpointInvalid(
      path,
      `decoder: expected heads to be a multiple of kvHeads, found ${heads} and ${kvHeads}.`,
    );
  }
  for (const kind of ['tiktoken', 'vq', 'sound-codec'] as const) {
    const users = config.modalities.filter((modality) => modality.tokenizer.kind === kind);
    if (users.length > 1) {
      throw checkpointInvalid(path, `expected one modality with a ${kind} tokenizer, found ${users.length}.`);
    }
  }
  for (const { name, tokenizer, size, layout, adapters = [] } of config.modalities) {
    const fault = tokenizer.kind === 'sound-codec' ? soundFault(tokenizer, size, layout.kind) : undefined;
    if (fault !== undefined) throw checkpointInvalid(path, `${name}: ${fault}`);
    const stages = adapters.filter(({ kind }) => kind === 'patches').length;
    if (stages === 0 || (stages === 1 && tokenizer.kind === 'vq')) continue;
    throw checkpointInvalid(path, `${name}: expected one patch stage at most, and a vq tokenizer before it.`);
  }
  return config;
}

/** Rows of the bucket table: row 0 is for positions that share no segment. */
export function bucketRows({ modalities }: Config): number {
  return modalities.reduce((rows, { layout }) => rows + bucketsOf(layout), 1);
}

export function bucketsOf(layout: Modality['layout']): number {
  return layout.kind === 'grid' ? (2 * layout.clip + 1) ** 2 : layout.buckets;
}

export interface PortSize {
  readonly port: string;
  readonly ids: number;
  /** Of its head: a modality's head also scores its closing mark. */
  readonly classes: number;
  readonly guide?: Modality['guide'];
}

export function portSizes(config: Config): PortSize[] {
  return [
    { port: 'marks', ids: config.markCapacity, classes: config.markCapacity },
    ...config.modalities.map(({ name: port, size, guide }) => ({
      port,
      ids: size,
      classes: size + 1,
      guide,
    })),
  ];
}
