/**
 * `config.json` of a VQGAN on its own → plan: that of `VQModel` of diffusers, or, for taming-transformers, the `params`
 * of its yaml as JSON with `family: "vqgan"`. What would change the computation and is not followed is an error.
 */
import { z } from 'zod';
import { factorOf } from '../../blocks/vqgan.ts';
import type { VqganNaming } from '../../blocks/vqgan-names.ts';
import { checkpointInvalid } from '../../safetensors/invalid.ts';
import { parseChecked } from '../parse.ts';
import type { VqPlan } from './graphs.ts';

export interface VqganConfig {
  readonly plan: VqPlan;
  readonly naming: VqganNaming;
  /** Rows and columns of ids of its pictures, the usual ones first. */
  readonly grids: readonly Grid[];
  /** What the file of weights is called without its ending. */
  readonly weights: string;
}

export type Grid = readonly [rows: number, columns: number];

const count = z.int().positive();

/** A field of our own, in any of the two: grids of ids other than the square of the resolution it was trained at. */
export const gridsSchema = z
  .array(z.tuple([count, count]))
  .min(1)
  .optional();

const tamingSchema = z.looseObject({
  embed_dim: count,
  n_embed: count,
  grids: gridsSchema,
  remap: z.null().optional(),
  ddconfig: z.looseObject({
    double_z: z.literal(false),
    z_channels: count,
    resolution: count,
    in_channels: z.literal(3),
    out_ch: z.literal(3),
    ch: count,
    ch_mult: z.array(count).min(1),
    num_res_blocks: count,
    attn_resolutions: z.array(count),
    resamp_with_conv: z.literal(true).default(true),
    attn_type: z.enum(['vanilla', 'none']).default('vanilla'),
  }),
});

const downTypes = z.array(z.enum(['DownEncoderBlock2D', 'AttnDownEncoderBlock2D'])).min(1);
const upTypes = z.array(z.enum(['UpDecoderBlock2D', 'AttnUpDecoderBlock2D'])).min(1);
const diffusersSchema = z.looseObject({
  in_channels: z.literal(3).default(3),
  out_channels: z.literal(3).default(3),
  down_block_types: downTypes,
  up_block_types: upTypes,
  block_out_channels: z.array(count).min(1),
  layers_per_block: count.default(1),
  act_fn: z.enum(['silu', 'swish']).default('silu'),
  latent_channels: count.default(3),
  grids: gridsSchema,
  sample_size: count.default(32),
  num_vq_embeddings: count.default(256),
  norm_num_groups: count.default(32),
  vq_embed_dim: count.nullish(),
  norm_type: z.literal('group').default('group'),
  mid_block_add_attention: z.boolean().default(true),
});

/** Throws CHECKPOINT_INVALID. */
export function parseVqgan(path: string, value: unknown): VqganConfig {
  // Any JSON object: `compile` has found the family in it.
  const config = value as { _class_name?: unknown };
  const parsed = config._class_name === 'VQModel' ? readDiffusers(path, value) : readTaming(path, value);
  checkPlan(path, parsed.plan);
  return parsed;
}

function readTaming(path: string, value: unknown): VqganConfig {
  const { embed_dim: codeWidth, n_embed: codes, ddconfig, grids } = parseChecked(path, tamingSchema, value);
  const { ch: base, ch_mult: multiples, resolution, attn_resolutions: attended, attn_type: kind } = ddconfig;
  const plan: VqPlan = {
    base,
    levels: levelsOf(base, multiples, resolution, kind === 'none' ? [] : attended),
    blocks: ddconfig.num_res_blocks,
    middleAttention: kind === 'vanilla',
    latent: ddconfig.z_channels,
    groups: 32,
    codes,
    codeWidth,
    nearness: 'distance',
  };
  return { plan, naming: 'taming', grids: grids ?? [squareOf(plan, resolution)], weights: 'model' };
}

/** Channels of the levels, the first of `resolution`; attention stands where a level's side is among `attended`. */
export function levelsOf(
  base: number,
  multiples: readonly number[],
  resolution: number,
  attended: readonly number[],
): VqPlan['levels'] {
  return multiples.map((multiple, level) => ({
    channels: base * multiple,
    attention: attended.includes(Math.floor(resolution / 2 ** level)),
  }));
}

function readDiffusers(path: string, value: unknown): VqganConfig {
  const config = parseChecked(path, diffusersSchema, value);
  const { block_out_channels: channels, down_block_types: down, up_block_types: up } = config;
  const attention = down.map((type) => type === 'AttnDownEncoderBlock2D');
  const above = up.map((type) => type === 'AttnUpDecoderBlock2D').reverse();
  if (down.length !== channels.length || `${attention}` !== `${above}`) {
    throw checkpointInvalid(
      path,
      `up_block_types: expected those of down_block_types in reverse, one for each of block_out_channels (${channels.length}), ` +
        `found ${down.join(', ')} and ${up.join(', ')}.`,
    );
  }
  const plan: VqPlan = {
    base: channels[0]!, // at least one, by the schema
    levels: channels.map((width, level) => ({ channels: width, attention: attention[level]! })),
    blocks: config.layers_per_block,
    middleAttention: config.mid_block_add_attention,
    latent: config.latent_channels,
    groups: config.norm_num_groups,
    codes: config.num_vq_embeddings,
    codeWidth: config.vq_embed_dim ?? config.latent_channels,
    nearness: 'distance',
  };
  const grids = config.grids ?? [squareOf(plan, config.sample_size)];
  return { plan, naming: 'diffusers', grids, weights: 'diffusion_pytorch_model' };
}

function squareOf(plan: VqPlan, resolution: number): Grid {
  const side = Math.max(1, Math.floor(resolution / factorOf(plan)));
  return [side, side];
}

/** Checks every plan, from whatever file. */
export function checkPlan(path: string, { base, levels, groups }: VqPlan): void {
  const odd = [base, ...levels.map(({ channels }) => channels)].find((channels) => channels % groups !== 0);
  if (odd === undefined) return;
  throw checkpointInvalid(
    path,
    `expected channels in multiples of ${groups}, the groups of its norms, found ${odd}.`,
  );
}
