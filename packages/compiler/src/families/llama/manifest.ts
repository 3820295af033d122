/**
 * What the manifest of a bundle says about a Llama-shaped checkpoint. Pure: names files, writes none.
 */
import type { ManifestParts, PortDescription } from '@any-to-any/core';
import type { About, Settings } from '../../options.ts';
import type { LlamaPlan } from './plan.ts';
import { sizeOf } from './rows.ts';
import type { TextTokens } from './tokens.ts';
import { describeSpace, markCapacity, type RegionPlan, type Vocabulary } from './vocabulary.ts';

/** Names of the files of a bundle of this family. */
export const fileNames = {
  decoder: 'decoder.onnx',
  tokenizer: 'tokenizer.json',
  chat: 'chat.json',
  table: (port: string) => `${port}.table.bin`,
  head: (port: string) => `${port}.head.onnx`,
} as const;

export interface Described {
  readonly plan: Pick<LlamaPlan, 'width' | 'layers' | 'heads' | 'kvHeads' | 'headWidth' | 'context'>;
  readonly vocabulary: Vocabulary;
  /** What the checkpoint says, for want of options. */
  readonly about: About;
  readonly settings: Settings;
}

export function describeBundle({ plan, vocabulary, about: own, settings }: Described): ManifestParts {
  const { about } = settings;
  const capacity = markCapacity(vocabulary);
  const voices = about.voices ?? own.voices;
  return {
    name: about.name ?? own.name ?? settings.directory,
    version: about.version ?? own.version ?? '0.0.0',
    license: about.license ?? own.license ?? 'UNLICENSED',
    attribution: [...(about.attribution ?? own.attribution ?? [])],
    space: describeSpace(vocabulary),
    decoder: {
      graph: fileNames.decoder,
      width: plan.width,
      layers: plan.layers,
      heads: plan.heads,
      kvHeads: plan.kvHeads,
      headWidth: plan.headWidth,
      context: plan.context,
      kv: settings.kv === 'int8' ? 'int8' : 'float32',
      inputs: { modality: false, buckets: false },
    },
    ports: {
      marks: describePort('marks', capacity, capacity, settings),
      ...Object.fromEntries(
        vocabulary.regions.map((region) => {
          const size = sizeOf(region.ids);
          const { head, ...reading } = describePort(region.modality, size, size + 1, settings);
          const port = region.readOnly === true ? reading : { head, ...reading };
          return [region.modality, { ...port, tokenizer: describeTokenizer(region) }];
        }),
      ),
    },
    sampling: about.sampling ?? own.sampling ?? {},
    ...(voices && { voices }),
    ...(own.reading && { reading: own.reading }),
    unconditional: about.unconditional ?? own.unconditional ?? 'empty',
  };
}

function describePort(port: string, rows: number, classes: number, { tables }: Settings): PortDescription {
  const type = tables === 'f16' ? 'float16' : 'float32';
  return {
    table: { file: fileNames.table(port), type, rows },
    head: { graph: fileNames.head(port), classes },
  };
}

function describeTokenizer({
  tokenizer,
  layout,
  ids,
}: RegionPlan): NonNullable<PortDescription['tokenizer']> {
  if (tokenizer.kind === 'plugin') return { plugin: tokenizer.plugin, options: tokenizer.options };
  const { kind: _, ...rest } = layout;
  const options = { kind: 'tokenizer.json', file: fileNames.tokenizer, size: sizeOf(ids), ...rest };
  return { plugin: '@any-to-any/tokenizer-text', options };
}

/**
 * `chat.json`: the template, the values it may name, which mark each special token is, and which an answer may hold.
 * `chatTemplate` of `@any-to-any/tokenizer-text` reads it.
 */
export function describeChat(
  vocabulary: Vocabulary,
  { template, variables }: NonNullable<TextTokens['chat']>,
  special: TextTokens['special'],
  more: ChatPlaces = {},
): Uint8Array {
  const names = new Map(vocabulary.marks.map(({ id, name }) => [id, name]));
  const marks = special.flatMap(({ id, content }) => {
    const name = names.get(id);
    return name === undefined ? [] : [[content, name] as const];
  });
  const silent = vocabulary.marks.some(({ name, id }) => name === vocabulary.begin && id === undefined);
  const chat = {
    format: 1,
    template,
    variables,
    marks: Object.fromEntries(marks),
    written: special.filter((token) => !token.control).map(({ content }) => content),
    ...(!silent && { begin: vocabulary.begin }),
    ...more,
  };
  return new TextEncoder().encode(`${JSON.stringify(chat)}\n`);
}

/** For models that read more than text in a message. */
export interface ChatPlaces {
  /** Modality → the token that stands for a content of it. */
  readonly placeholders?: Readonly<Record<string, string>>;
  /** Modality of the answer → what comes before a conversation without a system message. */
  readonly system?: Readonly<Record<string, string>>;
}
