/**
 * What checkpoints call the tensors of a VQGAN. `vqgan.ts` asks for the names of taming-transformers; here they are
 * turned into those of the file at hand. Linears that a file keeps as `[outputs, inputs]` are the 1×1 convolutions.
 */
import type { Weights } from './build.ts';

/**
 * `taming`: taming-transformers, latent diffusion, Chameleon in transformers. `janus`: Janus in transformers.
 * `llamagen`: LlamaGen, and Janus as DeepSeek published it. `diffusers`: `VQModel` of diffusers.
 */
export type VqganNaming = 'taming' | 'janus' | 'llamagen' | 'diffusers';

/** Renames for a VQGAN of so many levels, whose names in the file begin with `prefix`, such as `model.vqmodel.`. */
export function nameVqgan(weights: Weights, naming: VqganNaming, levels: number, prefix = ''): Weights {
  return (name, shape) => {
    const renamed = renameVqgan(name, naming, levels);
    const flat = naming === 'diffusers' && /\.to_(q|k|v|out\.0)\.weight$/.test(renamed);
    return weights(prefix + renamed, flat ? shape.slice(0, 2) : shape);
  };
}

/** `decoder.up.0.block.2.conv1.weight` of 5 levels → `decoder.up_blocks.4.resnets.2.conv1.weight` for diffusers. */
export function renameVqgan(name: string, naming: VqganNaming, levels: number): string {
  switch (naming) {
    case 'taming':
      return name;
    case 'janus':
      return lowestFirst(name, levels);
    case 'llamagen':
      return lowestFirst(name, levels)
        .replace(/\.(down|up)\.(\d+)\./, '.conv_blocks.$2.')
        .replace('.block.', '.res.')
        .replace('.mid.block_1.', '.mid.0.')
        .replace('.mid.attn_1.', '.mid.1.')
        .replace('.mid.block_2.', '.mid.2.');
    case 'diffusers':
      return inDiffusers(lowestFirst(name, levels));
  }
}

/** Taming counts the levels of the decoder from the highest resolution on, the others from the lowest. */
function lowestFirst(name: string, levels: number): string {
  return name.replace(/\.up\.(\d+)\./, (_, level: string) => `.up.${levels - 1 - Number(level)}.`);
}

function inDiffusers(name: string): string {
  const attention = /\.attn(_1)?\./.test(name);
  const moved = name
    .replace(/\.(down|up)\.(\d+)\./, '.$1_blocks.$2.')
    .replace('.block.', '.resnets.')
    .replace('.attn.', '.attentions.')
    .replace('.downsample.', '.downsamplers.0.')
    .replace('.upsample.', '.upsamplers.0.')
    .replace('.mid.block_1.', '.mid_block.resnets.0.')
    .replace('.mid.attn_1.', '.mid_block.attentions.0.')
    .replace('.mid.block_2.', '.mid_block.resnets.1.')
    .replace('.nin_shortcut.', '.conv_shortcut.')
    .replace('.norm_out.', '.conv_norm_out.');
  if (!attention) return moved;
  return moved
    .replace('.norm.', '.group_norm.')
    .replace('.proj_out.', '.to_out.0.')
    .replace(/\.(q|k|v)\.(weight|bias)$/, '.to_$1.$2');
}
