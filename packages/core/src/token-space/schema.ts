/**
 * The token space as data: what a bundle's manifest holds and `docs/token-space.md` specifies.
 * Only shapes are checked here; what the numbers mean is checked in `space.ts`.
 */
import { z } from 'zod';

const id = z.int().nonnegative();
export const markName = z.string().regex(/^<\/?[A-Za-z0-9_|-]+>$/);

const layoutSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('line'), buckets: z.int().min(2), maxDistance: z.int().min(2) }),
  z.strictObject({ kind: z.literal('grid'), clip: z.int().min(1), block: z.int().min(1) }),
  z.strictObject({ kind: z.literal('plugin'), buckets: z.int().nonnegative() }),
]);

const regionSchema = z.strictObject({
  modality: z.string().regex(/^[a-z][a-z0-9-]*$/),
  open: markName,
  close: markName,
  /** Global id of local id 0. Left out when `table` is given. */
  offset: id.optional(),
  /** Global id of every local id, for models that interleave their regions. */
  table: z.array(id).min(1).optional(),
  size: z.int().positive(),
  layout: layoutSchema,
});

export const spaceSchema = z.strictObject({
  version: z.literal(1),
  marks: z.strictObject({
    /** Ids `0 … capacity−1` belong to marks, named or not yet named. */
    capacity: z.int().positive(),
    names: z.array(markName).min(1),
    begin: markName,
    end: markName,
    /** Names of marks that no sequence holds: they take no position. For models that were trained without them. */
    silent: z.array(markName).optional(),
  }),
  regions: z.array(regionSchema).min(1),
});

export type SpaceDescription = z.infer<typeof spaceSchema>;
export type RegionDescription = z.infer<typeof regionSchema>;
export type LayoutDescription = z.infer<typeof layoutSchema>;
