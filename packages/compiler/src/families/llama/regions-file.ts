/**
 * `any-to-any.json`: what lies where in the vocabulary of a language model that was trained on more than text.
 * Strict: an unknown field is an error, so nothing is silently left out.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spaceSchema } from '@any-to-any/core';
import { z } from 'zod';
import { type About, aboutSchema } from '../../options.ts';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import type { RegionIds } from './rows.ts';
import type { Vocabulary } from './vocabulary.ts';

export const regionsFile = 'any-to-any.json';

const id = z.int().nonnegative();
const regionShape = spaceSchema.shape.regions.element.shape;
const markName = spaceSchema.shape.marks.shape.begin;
const file = z.string().regex(/^[\w-][\w.-]*$/);

const regionSchema = z.strictObject({
  modality: regionShape.modality,
  open: markName,
  close: markName,
  /** Ids of the checkpoint: `offset` and `size`, or a `table` of them in the order of local ids. */
  offset: id.optional(),
  size: z.int().positive().optional(),
  table: z.array(id).min(1).optional(),
  layout: regionShape.layout,
  /** Ids that end a segment. Default: that of the closing mark, or, if it is silent, whatever mark may follow. */
  closedBy: z.array(id).min(1).optional(),
  tokenizer: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('tokenizer.json') }),
    z.strictObject({
      kind: z.literal('plugin'),
      plugin: z.string().min(1),
      options: z.record(z.string(), z.unknown()),
      files: z.array(file),
    }),
  ]),
});

const schema = z.strictObject({
  format: z.literal(1),
  /** In the order of their ids in the bundle; a mark without an `id` is silent. */
  marks: z.array(z.strictObject({ name: markName, id: id.optional() })).min(1),
  begin: markName,
  end: markName,
  regions: z.array(regionSchema).min(1),
  /** What the manifest of a bundle should say, where the caller of `compile` does not. */
  bundle: aboutSchema.optional(),
});

export interface Regions {
  readonly vocabulary: Vocabulary;
  readonly about: About;
}

/** undefined if there is no such file. Throws CHECKPOINT_INVALID. */
export async function readRegions(directory: string): Promise<Regions | undefined> {
  const path = join(directory, regionsFile);
  const text = await readFile(path, 'utf8').catch(() => undefined); // the file is optional
  if (text === undefined) return undefined;
  const { marks, begin, end, regions, bundle = {} } = parse(path, text);
  const idOf = (name: string): number | undefined => marks.find((mark) => mark.name === name)?.id;
  const following = [idOf(end), ...regions.map(({ open }) => idOf(open))].filter((one) => one !== undefined);
  const vocabulary: Vocabulary = {
    marks,
    begin,
    end,
    regions: regions.map(({ offset, size: count, table, closedBy, ...region }) => {
      const close = idOf(region.close);
      return {
        ...region,
        ids: idsOf(path, region.modality, offset, count, table),
        closedBy: closedBy ?? (close === undefined ? following : [close]),
      };
    }),
  };
  return { vocabulary, about: bundle };
}

function parse(path: string, text: string): z.infer<typeof schema> {
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

function idsOf(
  path: string,
  modality: string,
  offset: number | undefined,
  size: number | undefined,
  table: readonly number[] | undefined,
): RegionIds {
  if (table !== undefined && offset === undefined && size === undefined) return { table };
  if (table === undefined && offset !== undefined && size !== undefined) return { offset, size };
  throw checkpointInvalid(path, `region ${modality}: expected either offset and size, or a table.`);
}
