/**
 * What `config.json` says of the patch stage: the sizes of its network, and how the adapter runs it.
 */
import { z } from 'zod';

const count = z.int().positive();
const noise = z.number().positive();
const file = z.string().regex(/^[\w-][\w.-]*$/);

const scheduleSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('log-linear'), from: noise, to: noise, steps: count }),
  z.strictObject({ kind: z.literal('karras'), from: noise, to: noise, steps: count, rho: noise }),
]);

/** Options of the adapter that a checkpoint may set; the adapter has defaults for all but the first two. */
const runSchema = z.strictObject({
  schedule: scheduleSchema,
  scale: z.union([z.literal(1), z.literal(2), z.literal(4)]),
  delay: z.number().nonnegative().optional(),
  previews: z.int().nonnegative().optional(),
  stop: z.number().nonnegative().optional(),
  inFlight: count.optional(),
});

export const patchStageSchema = runSchema.extend({
  kind: z.literal('patches'),
  /** Channels of the trunk, and inside a block. */
  width: count,
  hidden: count,
  blocks: count,
  /** Width of what noise and place say. */
  condition: count,
  /** Rows and columns that have a place of their own. */
  places: count,
  /** What enlarges in place of this network: an adapter bundle's options and files, which stand beside the checkpoint's. */
  upsampler: z.strictObject({ options: z.record(z.string(), z.unknown()), files: z.array(file) }).optional(),
  /**
   * What is remembered by two by two ids: buckets of a hash, corners it names and cells of art around them; bytes of a cell and
   * floats a byte chooses; treatments of styles and colours of backgrounds. Absent: nothing.
   */
  memory: z
    .strictObject({
      buckets: count,
      corners: count,
      cells: count,
      groups: count,
      depth: count,
      treatments: count,
      colours: count,
    })
    .optional(),
});

export type PatchStageConfig = z.infer<typeof patchStageSchema>;

/** The part of the config that goes to the adapter as it is. */
export function runOptions(config: PatchStageConfig): Readonly<Record<string, unknown>> {
  const { schedule, scale, delay, previews, stop, inFlight, upsampler } = config;
  return {
    schedule,
    scale,
    ...(delay !== undefined && { delay }),
    ...(previews !== undefined && { previews }),
    ...(stop !== undefined && { stop }),
    ...(inFlight !== undefined && { inFlight }),
    ...(upsampler !== undefined && { upsampler: upsampler.options }),
  };
}
