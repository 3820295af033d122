/**
 * Where the ids of a checkpoint stand in a bundle: marks, and a region per modality. `any-to-any.json` beside
 * `config.json` says so; a checkpoint without one is a text model, whose one region is the whole vocabulary.
 */
import type { SpaceDescription } from '@any-to-any/core';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import { type RegionIds, sizeOf } from './rows.ts';
import type { TextTokens } from './tokens.ts';

export interface MarkPlan {
  readonly name: string;
  /** Absent: a silent mark, which takes no position. */
  readonly id?: number | undefined;
}

export interface RegionPlan {
  readonly modality: string;
  readonly open: string;
  readonly close: string;
  readonly ids: RegionIds;
  readonly layout: SpaceDescription['regions'][number]['layout'];
  /** Ids of the checkpoint that end a segment: any of them stands for the closing mark. */
  readonly closedBy: readonly number[];
  /** It begins only if the request says so: the model was not trained to choose it by itself. */
  readonly onRequest?: true | undefined;
  readonly tokenizer: TokenizerPlan;
  /** Its ids can be read but not drawn: the bundle has no head for them. */
  readonly readOnly?: boolean | undefined;
}

export type TokenizerPlan =
  /** The checkpoint's own tokenizer.json. */
  | { readonly kind: 'tokenizer.json' }
  | {
      readonly kind: 'plugin';
      readonly plugin: string;
      readonly options: Readonly<Record<string, unknown>>;
      /** Taken along as they are. */
      readonly files: readonly string[];
    };

export interface Vocabulary {
  readonly marks: readonly MarkPlan[];
  readonly begin: string;
  readonly end: string;
  readonly regions: readonly RegionPlan[];
}

export const textOpen = '<txt>';
export const textClose = '</txt>';

/** A text model: text is opened and closed by nothing; special tokens are marks that a chat template may write. */
export function textVocabulary(size: number, tokens: TextTokens): Vocabulary {
  const names = markNames(tokens);
  const silent = [textOpen, textClose];
  const nameOf = (id: number | undefined, otherwise: string): string => {
    const name = id === undefined ? undefined : names.get(id);
    if (name === undefined) silent.push(otherwise);
    return name ?? otherwise;
  };
  const begin = nameOf(tokens.addsBegin ? tokens.begin : undefined, '<begin>');
  const end = nameOf(
    tokens.ends.find((id) => id !== tokens.begin || !tokens.addsBegin),
    '<end>',
  );
  return {
    marks: [...silent.map((name) => ({ name })), ...[...names].map(([id, name]) => ({ name, id }))],
    begin,
    end,
    regions: [
      {
        modality: 'text',
        open: textOpen,
        close: textClose,
        ids: { offset: 0, size },
        layout: { kind: 'line', buckets: 32, maxDistance: 128 },
        closedBy: tokens.ends,
        tokenizer: { kind: 'tokenizer.json' },
      },
    ],
  };
}

/**
 * `<|im_start|>` keeps its name; `[INST]`, which no mark can be called, is `<id-3>`, as is one of the names `others`.
 * `given` names come first, as they are.
 */
export function markNames(
  { special }: Pick<TextTokens, 'special'>,
  others: readonly string[] = [],
  given: ReadonlyMap<number, string> = new Map(),
): Map<number, string> {
  const taken = new Set([textOpen, textClose, '<begin>', '<end>', ...others, ...given.values()]);
  const names = new Map(given);
  for (const { id, content } of special) {
    if (given.has(id)) continue;
    const usable = /^<\/?[A-Za-z0-9_|-]+>$/.test(content) && !/^<id-\d+>$/.test(content);
    const name = usable && !taken.has(content) ? content : `<id-${id}>`;
    taken.add(name);
    names.set(id, name);
  }
  return names;
}

/** Room for the marks and a few of later. */
export function markCapacity({ marks }: Vocabulary): number {
  return Math.ceil((marks.length + 1) / 8) * 8;
}

/** Global ids are those of the checkpoint, moved behind the marks. */
export function describeSpace(vocabulary: Vocabulary): SpaceDescription {
  const { marks, begin, end, regions } = vocabulary;
  const capacity = markCapacity(vocabulary);
  const silent = marks.filter(({ id }) => id === undefined).map(({ name }) => name);
  return {
    version: 1,
    marks: {
      capacity,
      names: marks.map(({ name }) => name),
      begin,
      end,
      ...(silent.length > 0 && { silent }),
    },
    regions: regions.map(({ modality, open, close, ids, layout }) => ({
      modality,
      open,
      close,
      ...('table' in ids
        ? { table: ids.table.map((id) => capacity + id) }
        : { offset: capacity + ids.offset }),
      size: sizeOf(ids),
      layout,
    })),
  };
}

/** Every id must be a row of the checkpoint, which has `size`. Throws CHECKPOINT_INVALID. */
export function checkVocabulary(path: string, { marks, regions }: Vocabulary, size: number): void {
  const check = (what: string, ids: readonly number[]): void => {
    const wrong = ids.find((id) => id >= size);
    if (wrong === undefined) return;
    throw checkpointInvalid(
      path,
      `${what}: expected ids below ${size}, the vocabulary's size, found ${wrong}.`,
    );
  };
  for (const { name, id } of marks) if (id !== undefined) check(`mark ${name}`, [id]);
  for (const { modality, ids, closedBy } of regions) {
    check(`region ${modality}`, 'table' in ids ? ids.table : [ids.offset + ids.size - 1]);
    check(`region ${modality}, closedBy`, closedBy);
  }
}
