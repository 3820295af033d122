/**
 * `config.json` of a growth: a modality that was trained for a bundle that exists, as checked data.
 */
import { z } from 'zod';
import { aboutSchema } from '../../options.ts';
import { modalitySchema, pluginSchema } from './config.ts';

export const growthSchema = modalitySchema
  .pick({ name: true, open: true, close: true, size: true, layout: true })
  .extend({
    kind: z.literal('modality'),
    format: z.literal(1),
    tokenizer: pluginSchema,
    encoder: pluginSchema.optional(),
    /** Of what is added to queries and keys at the modality's own positions; 0: nothing. */
    loraRank: z.int().nonnegative(),
    /** What the manifest says more. */
    bundle: aboutSchema.pick({ sampling: true, attribution: true }).default({}),
    /** SHA-256 of files of the bundle that the weights were trained for. */
    grownOn: z.record(z.string(), z.string()),
  });

export type GrowthConfig = z.infer<typeof growthSchema>;
