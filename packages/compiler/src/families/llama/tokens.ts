/**
 * What a text model's files say of its tokens: the tokenizer.json, which tokens are special, which begin and end,
 * and its chat template. Read from a directory of Hugging Face here; `gguf/` gives the same from a GGUF header.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { checkpointInvalid } from '../../safetensors/invalid.ts';

/** A token that stands for itself, whatever the merges say. */
export interface SpecialToken {
  readonly id: number;
  readonly content: string;
  /** False for one that belongs to what is said, such as `<think>`. */
  readonly control: boolean;
}

export interface TextTokens {
  /** A tokenizer.json, as JSON. */
  readonly json: Record<string, unknown>;
  readonly special: readonly SpecialToken[];
  readonly begin: number | undefined;
  /** Whether every sequence begins with `begin`. */
  readonly addsBegin: boolean;
  /** Tokens that end an answer, the usual one first. */
  readonly ends: readonly number[];
  readonly chat:
    | { readonly template: string; readonly variables: Readonly<Record<string, string>> }
    | undefined;
  /** Sampling that the model's makers advise. */
  readonly sampling: Readonly<Record<string, number>>;
  /** Strength of guidance that they advise, for models that draw. */
  readonly guidance: number | undefined;
}

const added = z.looseObject({
  id: z.int().nonnegative(),
  content: z.string().min(1),
  special: z.boolean().default(false),
});
const tokenizerSchema = z.looseObject({
  model: z.looseObject({ vocab: z.record(z.string(), z.int().nonnegative()) }),
  added_tokens: z.array(added).default([]),
  post_processor: z.unknown().optional(),
});

const token = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();
const tokenizerConfigSchema = z.looseObject({
  add_bos_token: z.boolean().nullish(),
  chat_template: z
    .union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))])
    .nullish(),
  bos_token: token,
  eos_token: token,
  unk_token: token,
  pad_token: token,
});

const ids = z.union([z.int().nonnegative(), z.array(z.int().nonnegative())]).nullish();
const generationSchema = z.looseObject({
  eos_token_id: ids,
  do_sample: z.boolean().nullish(),
  temperature: z.number().nullish(),
  top_k: z.int().nullish(),
  top_p: z.number().nullish(),
  repetition_penalty: z.number().nullish(),
  guidance_scale: z.number().nonnegative().nullish(),
});

type Ids = z.infer<typeof ids>;

/** `config`: what `config.json` says of ids. Throws CHECKPOINT_INVALID. */
export async function readTokens(
  directory: string,
  config: { readonly bos_token_id?: Ids; readonly eos_token_id?: Ids },
): Promise<TextTokens> {
  const path = join(directory, 'tokenizer.json');
  const tokenizer = await readJson(path, tokenizerSchema);
  if (tokenizer === undefined) throw checkpointInvalid(path, 'cannot be read. A text model needs it.');
  const settings = (await readJson(join(directory, 'tokenizer_config.json'), tokenizerConfigSchema)) ?? {};
  const generation = (await readJson(join(directory, 'generation_config.json'), generationSchema)) ?? {};
  const variables = Object.fromEntries(
    (['bos_token', 'eos_token', 'unk_token', 'pad_token'] as const).flatMap((name) => {
      const value = settings[name];
      return value == null ? [] : [[name, typeof value === 'string' ? value : value.content]];
    }),
  );
  const idOf = (content: string | undefined): number | undefined =>
    content === undefined
      ? undefined
      : (tokenizer.added_tokens.find((one) => one.content === content)?.id ?? tokenizer.model.vocab[content]);
  const begin = idOf(variables['bos_token']) ?? list(config.bos_token_id)[0];
  const template =
    (await readText(join(directory, 'chat_template.jinja'))) ?? templateOf(settings.chat_template);
  const eos = idOf(variables['eos_token']);
  return {
    json: tokenizer,
    special: tokenizer.added_tokens.map(({ id, content, special: control }) => ({ id, content, control })),
    begin,
    addsBegin:
      (settings.add_bos_token ?? false) || beginsWith(tokenizer.post_processor, variables['bos_token']),
    ends: [
      ...new Set([
        ...list(generation.eos_token_id),
        ...list(config.eos_token_id),
        ...(eos === undefined ? [] : [eos]),
      ]),
    ],
    chat: template === undefined ? undefined : { template, variables },
    sampling: samplingOf(generation),
    guidance: generation.guidance_scale ?? undefined,
  };
}

function list(value: Ids): number[] {
  if (value == null) return [];
  return typeof value === 'number' ? [value] : value;
}

function templateOf(value: z.infer<typeof tokenizerConfigSchema>['chat_template']): string | undefined {
  if (value == null || typeof value === 'string') return value ?? undefined;
  return (value.find(({ name }) => name === 'default') ?? value[0])?.template;
}

function samplingOf(generation: z.infer<typeof generationSchema>): Record<string, number> {
  if (generation.do_sample !== true) return {};
  const { temperature, top_k: topK, top_p: topP, repetition_penalty: repetitionPenalty } = generation;
  const all = { temperature, topK, topP, repetitionPenalty };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, number] => entry[1] != null),
  );
}

/** Whether a TemplateProcessing, alone or in a Sequence, puts this token first. */
function beginsWith(processor: unknown, content: string | undefined): boolean {
  if (typeof processor !== 'object' || processor === null || content === undefined) return false;
  const { type, processors, single } = processor as Record<string, unknown>; // an object: keys may be absent
  if (type === 'Sequence')
    return Array.isArray(processors) && processors.some((one) => beginsWith(one, content));
  if (type !== 'TemplateProcessing' || !Array.isArray(single)) return false;
  const first = (single[0] as { SpecialToken?: { id?: unknown } } | undefined)?.SpecialToken; // fields may be absent
  return first?.id === content;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined; // the file is optional
  }
}

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw checkpointInvalid(path, 'expected JSON, found something else.', { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw checkpointInvalid(path, `${issue?.path.join('.') || 'the whole'}: ${issue?.message}.`, {
    cause: parsed.error,
  });
}
