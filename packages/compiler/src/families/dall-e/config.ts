/**
 * `config.json` of DALL-E's dVAE: `{ "family": "dall-e" }` for the published one, with the sizes that the package
 * `dall-e` would be given where they are others.
 */
import { z } from 'zod';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import { parseChecked } from '../parse.ts';
import { type Grid, gridsSchema } from '../vqgan/config.ts';
import type { DallePlan } from './graphs.ts';

const count = z.int().positive();

const schema = z.strictObject({
  family: z.literal('dall-e'),
  n_hid: count.default(256),
  n_init: count.default(128),
  n_blk_per_group: count.default(2),
  vocab_size: count.default(8192),
  grids: gridsSchema,
});

/** 256 × 256 pixels, as it was trained on. */
const usual: readonly Grid[] = [[32, 32]];

/** Throws CHECKPOINT_INVALID. */
export function parseDalle(path: string, value: unknown): { plan: DallePlan; grids: readonly Grid[] } {
  const config = parseChecked(path, schema, value);
  const { n_hid: width, n_init: first, n_blk_per_group: blocks, vocab_size: codes, grids = usual } = config;
  if (width % 4 !== 0) throw checkpointInvalid(path, `n_hid: expected a multiple of 4, found ${width}.`);
  return { plan: { width, first, blocks, codes }, grids };
}
