/**
 * The manifest of a bundle: everything a model needs to run, as checked data.
 * Strict: a field it does not know is an error, so that a newer bundle never half works.
 */
import { z } from 'zod';
import { AnyToAnyError } from '../errors.ts';
import { markName, spaceSchema } from '../token-space/schema.ts';

/** The newest bundle format this release reads and the one it writes. */
export const bundleFormat = 1;

/** How guidance is done: by a port's guide in one row, or by a second row without the prompt. */
export const guidanceModes = ['distilled', 'two-row'] as const;

const path = z.string().min(1);
const count = z.int().positive();
const unit = z.number().min(0).max(1);

export const pluginUseSchema = z.strictObject({
  /** The plugin's name: its npm package. */
  plugin: z.string().min(1),
  options: z.record(z.string(), z.unknown()),
});

/** Strengths of guidance that a port has vectors for. */
export const guideScalesSchema = z
  .array(z.number().min(0))
  .min(2)
  .refine(
    (scales) => scales.includes(1) && scales.every((scale, i) => i === 0 || scale > scales[i - 1]!),
    'expected scales that ascend and contain 1',
  );

const guideSchema = z.strictObject({
  /** Row-major little endian, `[scales, width]`; the row of scale 1 is zero. */
  file: path,
  type: z.enum(['float32', 'float16']),
  scales: guideScalesSchema,
});

const portSchema = z.strictObject({
  /** Embedding table, row-major little endian, `[ids, width]`. */
  table: z.strictObject({ file: path, type: z.enum(['float32', 'float16']), rows: count }).optional(),
  /** Graph `hidden [N, width] → logits [N, classes]`; a modality's last class is its closing mark. */
  head: z.strictObject({ graph: path, classes: count }).optional(),
  /** Guidance as a condition: vectors that stand for its scales, for one row where it else takes two. */
  guide: guideSchema.optional(),
  tokenizer: pluginUseSchema.optional(),
  encoder: pluginUseSchema.optional(),
  /** What refines the content after decoding, in order; each plugin at most once. */
  adapters: z
    .array(pluginUseSchema)
    .refine(
      (uses) => new Set(uses.map(({ plugin }) => plugin)).size === uses.length,
      'a plugin is named twice',
    )
    .optional(),
});

const samplingSchema = z.strictObject({
  temperature: z.number().min(0).optional(),
  topK: z.int().nonnegative().optional(),
  topP: unit.optional(),
  minP: unit.optional(),
  repetitionPenalty: z.number().positive().optional(),
  guidance: z.number().min(0).optional(),
  guidanceMode: z.enum(guidanceModes).optional(),
  /** Ids after which a segment without a fixed length is closed. */
  maxIds: count.optional(),
});

const voiceSchema = z.strictObject({
  /** What a prompt says to have it speak: `a woman's voice`. */
  wording: z.string().min(1),
  /** For people who choose. */
  description: z.string().min(1).optional(),
  /** It is the one that speaks when none is chosen; the prompt then says nothing of it. */
  default: z.literal(true).optional(),
});

/** The voices of one modality by name, at most one of them the default. */
const voicesSchema = z
  .record(z.string().regex(/^[a-z][a-z0-9-]*$/), voiceSchema)
  .refine((voices) => Object.values(voices).filter((voice) => voice.default).length <= 1, {
    message: 'more than one voice is the default',
  });

const readingSchema = z.strictObject({
  /** Default: as embeddings where there is an encoder, else as ids. */
  read: z.enum(['embeddings', 'ids', 'both']).optional(),
  /** The mark between ids and embeddings where both are read. Default: none. */
  between: markName.optional(),
});

const decoderSchema = z.strictObject({
  graph: path,
  width: count,
  layers: count,
  heads: count,
  kvHeads: count,
  headWidth: count,
  context: count,
  /** How keys and values are kept. */
  kv: z.enum(['float32', 'int8']),
  /** Which optional inputs the graph has. */
  inputs: z.strictObject({ modality: z.boolean(), buckets: z.boolean() }),
});

export const manifestSchema = z.strictObject({
  format: z.literal(bundleFormat),
  name: z.string().min(1),
  version: z.string().min(1),
  license: z.string().min(1),
  attribution: z.array(z.string()),
  space: spaceSchema,
  /** SHA-256 of the canonical form of `space`. */
  spaceHash: z.string().regex(/^[0-9a-f]{64}$/),
  decoder: decoderSchema,
  /** By modality, and `marks`. */
  ports: z.record(z.string(), portSchema),
  /** Defaults by modality. */
  sampling: z.record(z.string(), samplingSchema),
  /** By modality: voices a request may choose from. */
  voices: z.record(z.string(), voicesSchema).optional(),
  /** By modality: how content is read where a request does not say. */
  reading: z.record(z.string(), readingSchema).optional(),
  /**
   * What the unconditional row of guidance sees of the prompt: its texts emptied, or padding in all positions but those
   * of the marks that begin the sequence or open a segment of the generated modality.
   */
  unconditional: z.enum(['empty', 'pad']),
  /** Every file of the bundle but the manifest. */
  files: z.record(
    path,
    z.strictObject({ bytes: z.int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type PortDescription = z.infer<typeof portSchema>;
export type GuidanceMode = (typeof guidanceModes)[number];
export type DecoderDescription = z.infer<typeof decoderSchema>;
export type SamplingDefaults = z.infer<typeof samplingSchema>;
export type ReadingDefaults = z.infer<typeof readingSchema>;
export type Voice = z.infer<typeof voiceSchema>;

/** Throws BUNDLE_INVALID for the first field that is wrong, missing or unknown. */
export function checkManifest(data: unknown): Manifest {
  const parsed = manifestSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AnyToAnyError(
    'BUNDLE_INVALID',
    `manifest.json: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}. Compile the bundle again.`,
    { cause: parsed.error },
  );
}
