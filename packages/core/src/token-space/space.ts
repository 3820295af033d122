/**
 * The token space of one model: regions, marks and buckets, and the arithmetic between local and global ids.
 * Made from the description in a bundle; knows nothing of plugins or of the decoder.
 */
import { AnyToAnyError } from '../errors.ts';
import { canonicalHash } from './canonical.ts';
import { lineLayout } from './layout.ts';
import type { LayoutDescription, RegionDescription, SpaceDescription } from './schema.ts';

export interface Region {
  readonly modality: string;
  readonly size: number;
  /** Ids of the marks that open and close a segment. */
  readonly open: number;
  readonly close: number;
  readonly layout: LayoutDescription;
  /** The region's rows in the global bucket table: `start … start + count − 1`. Row 0 is nobody's: no bias. */
  readonly buckets: { readonly start: number; readonly count: number };
  toGlobal(local: number): number;
  /** undefined: the global id belongs to another region. */
  toLocal(global: number): number | undefined;
}

export interface TokenSpace {
  readonly description: SpaceDescription;
  /** SHA-256 of the canonical description. */
  readonly hash: string;
  readonly begin: number;
  readonly end: number;
  /** Rows of the global bucket table, row 0 included. */
  readonly bucketCount: number;
  /** One more than the largest id. */
  readonly size: number;
  readonly regions: readonly Region[];
  region(modality: string): Region;
  mark(name: string): number;
  markName(id: number): string;
  /** True for a mark that takes no position. */
  isSilent(id: number): boolean;
}

export function createTokenSpace(description: SpaceDescription): TokenSpace {
  const { marks } = description;
  const ids = new Map(marks.names.map((name, id) => [name, id]));
  if (ids.size !== marks.names.length) {
    throw new AnyToAnyError('SPACE_INVALID', 'Two marks share a name. Name every mark once.');
  }
  if (marks.names.length > marks.capacity) {
    throw new AnyToAnyError(
      'SPACE_INVALID',
      `${marks.names.length} marks do not fit a capacity of ${marks.capacity}. Raise the capacity in a new space.`,
    );
  }
  const mark = (name: string): number => {
    const id = ids.get(name);
    if (id === undefined) {
      throw new AnyToAnyError('SPACE_INVALID', `There is no mark ${name}. Known: ${marks.names.join(' ')}.`);
    }
    return id;
  };
  const silent = new Set((marks.silent ?? []).map(mark));
  let nextBucket = 1;
  const regions = description.regions.map((region) => {
    const count = bucketsOf(region.layout);
    const made = createRegion(region, mark, { start: nextBucket, count }, marks.capacity);
    nextBucket += count;
    return made;
  });
  checkDisjoint(description.regions);
  checkNames(description);
  const byModality = new Map(regions.map((region) => [region.modality, region]));
  return {
    description,
    hash: canonicalHash(description),
    begin: mark(marks.begin),
    end: mark(marks.end),
    bucketCount: nextBucket,
    size: Math.max(marks.capacity, ...description.regions.map((region) => lastId(region) + 1)),
    regions,
    region(modality) {
      const region = byModality.get(modality);
      if (!region) {
        throw new AnyToAnyError(
          'MODALITY_UNKNOWN',
          `The model has no modality "${modality}". It has: ${[...byModality.keys()].join(', ')}.`,
          { modality },
        );
      }
      return region;
    },
    mark,
    markName: (id) => marks.names[id] ?? `<mark-${id}>`,
    isSilent: (id) => silent.has(id),
  };
}

function createRegion(
  description: RegionDescription,
  mark: (name: string) => number,
  buckets: Region['buckets'],
  capacity: number,
): Region {
  const { modality, size, offset, table, layout } = description;
  if ((offset === undefined) === (table === undefined)) {
    throw new AnyToAnyError('SPACE_INVALID', `Region ${modality} needs either an offset or a table.`);
  }
  if (table && (table.length !== size || new Set(table).size !== size)) {
    throw new AnyToAnyError(
      'SPACE_INVALID',
      `Region ${modality} has size ${size} but its table lists ${new Set(table).size} different ids.`,
    );
  }
  if ((offset ?? Math.min(...table!)) < capacity) {
    throw new AnyToAnyError(
      'REGION_OVERLAP',
      `Region ${modality} begins below id ${capacity}, among the marks. Move its offset to ${capacity} or above.`,
    );
  }
  const check = (local: number): number => {
    if (!Number.isInteger(local) || local < 0 || local >= size) {
      throw new AnyToAnyError(
        'ID_OUT_OF_RANGE',
        `Expected an id of ${modality} in 0…${size - 1}, got ${local}.`,
        {
          modality,
          id: local,
        },
      );
    }
    return local;
  };
  const locals = table && new Map(table.map((global, local) => [global, local]));
  return {
    modality,
    size,
    open: mark(description.open),
    close: mark(description.close),
    layout,
    buckets,
    toGlobal: table ? (local) => table[check(local)]! : (local) => check(local) + offset!,
    toLocal: locals
      ? (global) => locals.get(global)
      : (global) => (global >= offset! && global < offset! + size ? global - offset! : undefined),
  };
}

function bucketsOf(layout: LayoutDescription): number {
  if (layout.kind === 'line') return lineLayout(layout).buckets;
  return layout.kind === 'grid' ? (2 * layout.clip + 1) ** 2 : layout.buckets;
}

const lastId = (region: RegionDescription): number =>
  region.table ? region.table.reduce((a, b) => Math.max(a, b)) : region.offset! + region.size - 1;

function checkDisjoint(regions: readonly RegionDescription[]): void {
  const idsOf = (region: RegionDescription): Iterable<number> =>
    region.table ?? Array.from({ length: region.size }, (_, local) => region.offset! + local);
  regions.forEach((a, index) => {
    for (const b of regions.slice(index + 1)) {
      const shared =
        a.table || b.table
          ? countShared(idsOf(a), new Set(idsOf(b)))
          : Math.min(lastId(a), lastId(b)) - Math.max(a.offset!, b.offset!) + 1;
      if (shared > 0) {
        throw new AnyToAnyError(
          'REGION_OVERLAP',
          `${rangeText(a)} and ${rangeText(b)} share ${shared} ids. Give each region its own range.`,
        );
      }
    }
  });
}

function countShared(ids: Iterable<number>, others: ReadonlySet<number>): number {
  let shared = 0;
  for (const id of ids) if (others.has(id)) shared++;
  return shared;
}

const rangeText = (region: RegionDescription): string =>
  region.table
    ? `${region.modality} (a table)`
    : `${region.modality} (ids ${region.offset}–${lastId(region)})`;

function checkNames({ marks, regions }: SpaceDescription): void {
  const seen = new Set([marks.begin, marks.end]);
  for (const { modality, open, close } of regions) {
    for (const name of [modality, open, close]) {
      if (seen.has(name)) {
        throw new AnyToAnyError(
          'SPACE_INVALID',
          `"${name}" is used twice. Every region needs its own name and marks, other than those of the sequence.`,
        );
      }
      seen.add(name);
    }
  }
}
