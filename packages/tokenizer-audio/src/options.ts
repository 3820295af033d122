/**
 * The options a bundle's manifest gives this plugin, checked. Unknown options are errors.
 * Says how a codec or an encoder is run; whatever makes bundles (our compiler, anyone else's) keeps to this.
 */
import { AnyToAnyError } from '@any-to-any/core';
import { z } from 'zod';

const count = z.int().positive();
/** A file of the bundle. */
const file = z.string().min(1);

const line = {
  /** Buckets of the line layout, and the distance, in ids, from which all share the last one. */
  buckets: z.int().min(2),
  maxDistance: count,
};

/** A tensor that goes from run to run: input `past_NAME`, output `present_NAME`. Zeros before the first run. */
const stateSchema = z.strictObject({
  name: z.string().min(1),
  shape: z.array(count),
  type: z.enum(['float32', 'int64']),
});

/**
 * The first run of networks that do not begin with zeros: a graph that takes no states and gives all of them; absent:
 * `graph` itself, which sees from its states, zeros, that it begins.
 * EnCodec, whose first layers pad by reflection, needs as many frames as its longest padding before it can begin.
 */
const firstSchema = z.strictObject({
  graph: file.optional(),
  /** Fewest frames of the first run; that many are gathered. */
  frames: count,
  /** A graph without states for content that ends before that; absent: `graph` takes short content too. */
  whole: file.optional(),
});

const stream = {
  streaming: z.literal(true),
  graph: file,
  states: z.array(stateSchema),
  first: firstSchema.optional(),
};

/** Not a stream: the whole content in one run, without states (codecs that are not causal). */
const wholeSchema = z.strictObject({ streaming: z.literal(false), graph: file });

/** The last run may end within a frame, which the graph then fills up in its own way; absent: zeros fill it up. */
const partial = z.literal(true).optional();

/** `samples [1, frames * stride]` → `codes [1, codebooks, frames]` int64. */
const encodeSchema = z.discriminatedUnion('streaming', [
  z.strictObject({ ...stream, partial }),
  wholeSchema.extend({ partial }),
]);

/** `codes [1, codebooks, frames]` int64 → `samples [1, frames * stride]`. */
const decodeSchema = z.discriminatedUnion('streaming', [
  z.strictObject({
    ...stream,
    /** Samples that come out before the first real one, and are dropped. */
    delay: count.optional(),
    /** The state that holds the last samples when all frames have come: `delay` of them. */
    tail: z.string().optional(),
  }),
  wholeSchema,
]);

const tokenizerSchema = z
  .strictObject({
    kind: z.literal('codec'),
    /** Samples per second, Hz; content of another rate is resampled. */
    rate: count,
    /** Samples per frame. */
    stride: count,
    /** Ids of one codebook; the region has `codebooks * size`. */
    size: count,
    codebooks: z.int().min(1).max(32),
    /** The order of the ids of several codebooks: `codec/arrangement.ts`. */
    arrangement: z.enum(['flattened', 'delayed']),
    ...line,
    encode: encodeSchema,
    decode: decodeSchema,
  })
  .superRefine(({ encode, decode }, context) => {
    const wrong = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const [name, graph] of [['encode', encode] as const, ['decode', decode] as const]) {
      if (!graph.streaming) continue;
      const names = new Set(graph.states.map((state) => state.name));
      if (names.size < graph.states.length) wrong([name, 'states'], 'two states have the same name');
    }
    if (!decode.streaming) return;
    const { delay = 0, tail, states } = decode;
    const state = states.find(({ name, type }) => name === tail && type === 'float32');
    if (tail !== undefined && state === undefined)
      wrong(['decode', 'tail'], 'no float32 state has this name');
    const flushed = state?.shape.reduce((product, side) => product * side, 1) ?? 0;
    if (flushed !== delay)
      wrong(['decode', 'delay'], `${delay} samples are dropped, but the tail gives back ${flushed}`);
  });

const encoderSchema = z.strictObject({
  kind: z.literal('sound'),
  /** Samples per second, Hz; content of another rate is resampled. */
  rate: count,
  /** Samples per embedding; content is filled up with zeros to a multiple. */
  stride: count,
  /** Width of one embedding. */
  width: count,
  ...line,
  /** `samples [1, n]` → `embeddings [1, n / stride, width]`. */
  graph: file,
  /** Longest content, seconds. */
  longest: z.number().positive(),
});

export type TokenizerOptions = Readonly<z.infer<typeof tokenizerSchema>>;
export type EncoderOptions = Readonly<z.infer<typeof encoderSchema>>;
export type StateOptions = Readonly<z.infer<typeof stateSchema>>;
/** How one direction of a codec is run. */
export type EncodeStream = Readonly<z.infer<typeof encodeSchema>>;
export type DecodeStream = Readonly<z.infer<typeof decodeSchema>>;

type Raw = Readonly<Record<string, unknown>>;

/** Throws OPTION_UNKNOWN, OPTION_INVALID. */
export function readTokenizerOptions(raw: Raw): TokenizerOptions {
  return check(tokenizerSchema, raw, 'sound tokenizer');
}

/** Throws OPTION_UNKNOWN, OPTION_INVALID. */
export function readEncoderOptions(raw: Raw): EncoderOptions {
  return check(encoderSchema, raw, 'sound encoder');
}

function check<T>(schema: z.ZodType<T>, raw: Raw, what: string): T {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const unknown = issue?.code === 'unrecognized_keys';
  const option = [...(issue?.path ?? []), ...(unknown ? issue.keys.slice(0, 1) : [])].join('.');
  throw new AnyToAnyError(
    unknown ? 'OPTION_UNKNOWN' : 'OPTION_INVALID',
    `Option "${option}" of the ${what}: ${issue?.message}. Check the manifest.`,
    { option, plugin: '@any-to-any/tokenizer-audio', cause: parsed.error },
  );
}
