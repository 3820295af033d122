/**
 * Encoder and decoder of VQGAN (Esser et al. 2021, arXiv 2012.09841), as Chameleon, Janus and LlamaGen have them too:
 * residual blocks with group norm, attention of one head over the whole picture. So every pixel depends on every id.
 * Tensors go by the names of taming-transformers, level 0 being the full resolution; `vqgan-names.ts` knows the others.
 */
import type { Value } from '../onnx/graph.ts';
import type { Build } from './build.ts';
import { convolution } from './convolution.ts';
import { groupNorm } from './norm.ts';
import { pictureAttention } from './picture-attention.ts';

export interface VqganPlan {
  /** Channels between the picture and level 0. */
  readonly base: number;
  /** From the full resolution to the lowest; each level but the last halves the sides. */
  readonly levels: readonly VqganLevel[];
  /** Residual blocks of a level of the encoder; the decoder has one more. */
  readonly blocks: number;
  /** Whether attention stands between the two blocks of the lowest resolution in the middle. */
  readonly middleAttention: boolean;
  /** Channels of what the encoder gives and the decoder takes. */
  readonly latent: number;
  /** Groups of every group norm. */
  readonly groups: number;
}

export interface VqganLevel {
  readonly channels: number;
  /** Attention after every residual block. */
  readonly attention: boolean;
}

/** Pixels a side per id. */
export function factorOf({ levels }: Pick<VqganPlan, 'levels'>): number {
  return 2 ** (levels.length - 1);
}

/** `pixels [1, 3, height, width]` → `[1, latent, height / factor, width / factor]`. */
export function vqganEncoder(build: Build, pixels: Value, prefix: string, plan: VqganPlan): Value {
  const { base, levels, blocks, groups, latent } = plan;
  let x = convolution(build, pixels, three(`${prefix}.conv_in`, 3, base));
  let inputs = base;
  for (const [index, { channels, attention }] of levels.entries()) {
    const level = `${prefix}.down.${index}`;
    for (let block = 0; block < blocks; block++) {
      x = residualBlock(build, x, { prefix: `${level}.block.${block}`, inputs, outputs: channels, groups });
      if (attention) x = pictureAttention(build, x, `${level}.attn.${block}`, channels, groups);
      inputs = channels;
    }
    if (index === levels.length - 1) continue;
    // One row and column of zeros on the right and below only.
    x = convolution(build, x, {
      ...three(`${level}.downsample.conv`, channels, channels),
      stride: 2,
      padding: [0, 0, 1, 1],
    });
  }
  return last(build, middle(build, x, prefix, inputs, plan), prefix, inputs, latent, groups);
}

/** `[1, latent, rows, columns]` → `pixels [1, 3, rows * factor, columns * factor]`, named `output`. */
export function vqganDecoder(
  build: Build,
  latents: Value,
  prefix: string,
  plan: VqganPlan,
  output: string,
): Value {
  const { levels, blocks, groups, latent } = plan;
  let inputs = levels.at(-1)!.channels; // a plan has at least one level
  let x = convolution(build, latents, three(`${prefix}.conv_in`, latent, inputs));
  x = middle(build, x, prefix, inputs, plan);
  for (const [index, { channels, attention }] of [...levels.entries()].reverse()) {
    const level = `${prefix}.up.${index}`;
    for (let block = 0; block <= blocks; block++) {
      x = residualBlock(build, x, { prefix: `${level}.block.${block}`, inputs, outputs: channels, groups });
      if (attention) x = pictureAttention(build, x, `${level}.attn.${block}`, channels, groups);
      inputs = channels;
    }
    if (index === 0) continue;
    x = convolution(build, doubled(build, x), three(`${level}.upsample.conv`, channels, channels));
  }
  return last(build, x, prefix, inputs, 3, groups, output);
}

function middle(build: Build, x: Value, prefix: string, channels: number, plan: VqganPlan): Value {
  const { groups, middleAttention } = plan;
  const block = (index: number, of: Value): Value =>
    residualBlock(build, of, {
      prefix: `${prefix}.mid.block_${index}`,
      inputs: channels,
      outputs: channels,
      groups,
    });
  const first = block(1, x);
  const attended = middleAttention
    ? pictureAttention(build, first, `${prefix}.mid.attn_1`, channels, groups)
    : first;
  return block(2, attended);
}

function last(
  build: Build,
  x: Value,
  prefix: string,
  inputs: number,
  outputs: number,
  groups: number,
  output?: string,
): Value {
  const normed = swish(build, groupNorm(build, x, `${prefix}.norm_out`, inputs, groups));
  return convolution(build, normed, three(`${prefix}.conv_out`, inputs, outputs), output);
}

interface ResidualBlock {
  readonly prefix: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly groups: number;
}

/** `shortcut(x) + conv2(swish(norm2(conv1(swish(norm1(x))))))`; the shortcut is a 1×1 where the channels change. */
function residualBlock(build: Build, x: Value, { prefix, inputs, outputs, groups }: ResidualBlock): Value {
  const first = swish(build, groupNorm(build, x, `${prefix}.norm1`, inputs, groups));
  const inner = convolution(build, first, three(`${prefix}.conv1`, inputs, outputs));
  const second = swish(build, groupNorm(build, inner, `${prefix}.norm2`, outputs, groups));
  const branch = convolution(build, second, three(`${prefix}.conv2`, outputs, outputs));
  const shortcut =
    inputs === outputs
      ? x
      : convolution(build, x, { prefix: `${prefix}.nin_shortcut`, inputs, outputs, kernel: 1 });
  return build.graph.op('Add', [shortcut, branch]);
}

function three(prefix: string, inputs: number, outputs: number) {
  return { prefix, inputs, outputs, kernel: 3, padding: 1 } as const;
}

function swish({ graph }: Build, x: Value): Value {
  return graph.op('Mul', [x, graph.op('Sigmoid', [x])]);
}

/** Every pixel four times. */
export function doubled({ graph }: Build, x: Value): Value {
  const scales = graph.floats('doubled', [4], [1, 1, 2, 2]);
  return graph.op('Resize', [x, undefined, scales], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
}
