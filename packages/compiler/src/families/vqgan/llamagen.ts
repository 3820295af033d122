/**
 * `config.json` of an image tokenizer of LlamaGen (Sun et al. 2024, arXiv 2406.06525): its `ModelArgs` as JSON with
 * `family: "vqgan"`. VQ-16 where nothing else is said. The size of its pictures is not among them.
 */
import { z } from 'zod';
import { factorOf } from '../../blocks/vqgan.ts';
import { parseChecked } from '../parse.ts';
import type { VqPlan } from './graphs.ts';
import { gridsSchema, type VqganConfig } from './result.ts';

const count = z.int().positive();
const multiples = z.array(count).min(1).default([1, 1, 2, 2, 4]);

const schema = z
  .looseObject({
    codebook_size: count,
    codebook_embed_dim: count.default(8),
    codebook_l2_norm: z.boolean().default(true),
    encoder_ch_mult: multiples,
    decoder_ch_mult: multiples,
    z_channels: count.default(256),
    /** Fixed in LlamaGen itself. */
    ch: count.default(128),
    num_res_blocks: count.default(2),
    grids: gridsSchema,
  })
  .refine((config) => `${config.encoder_ch_mult}` === `${config.decoder_ch_mult}`, {
    path: ['decoder_ch_mult'],
    message: 'expected the same as encoder_ch_mult',
  });

/** Pixels a side, where no grids are given. */
const resolution = 256;

export function isLlamagen(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'codebook_size' in value;
}

/** Throws CHECKPOINT_INVALID. */
export function readLlamagen(path: string, value: unknown): VqganConfig {
  const config = parseChecked(path, schema, value);
  const levels = config.encoder_ch_mult.map((multiple, level, all) => ({
    channels: config.ch * multiple,
    attention: level === all.length - 1,
  }));
  const plan: VqPlan = {
    base: config.ch,
    levels,
    blocks: config.num_res_blocks,
    middleAttention: true,
    latent: config.z_channels,
    groups: 32,
    codes: config.codebook_size,
    codeWidth: config.codebook_embed_dim,
    nearness: config.codebook_l2_norm ? 'cosine' : 'distance',
  };
  const side = resolution / factorOf(plan);
  return { plan, naming: 'llamagen', grids: config.grids ?? [[side, side]], weights: 'model' };
}
