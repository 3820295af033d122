/**
 * The tensors of a Janus checkpoint under the names that `transformers` gives them today, whatever the file calls them:
 * the published original fuses queries, keys and values of its tower and holds a few tensors that nothing needs.
 */
import { dtypeBytes } from '../../safetensors/dtype.ts';
import { find, type TensorReader } from '../../safetensors/file.ts';
import type { TensorInfo } from '../../safetensors/header.ts';
import { checkpointInvalid } from '../../safetensors/invalid.ts';

/** Where a tensor of `transformers` stands in the file: all of a tensor, or rows of it. */
interface Place {
  readonly file: string;
  readonly info: TensorInfo;
  /** Elements before the first one of it. */
  readonly skip: number;
}

/** Original name → today's, applied in order to names that begin with one of them. */
const prefixes: readonly (readonly [string, string])[] = [
  ['vision_model.vision_tower.blocks.', 'model.vision_model.encoder.layers.'],
  ['vision_model.vision_tower.pos_embed', 'model.vision_model.embeddings.position_embedding.weight'],
  ['vision_model.vision_tower.patch_embed.proj.', 'model.vision_model.embeddings.patch_embedding.'],
  ['vision_model.vision_tower.norm.', 'model.vision_model.post_layernorm.'],
  ['aligner.layers.0.', 'model.aligner.fc1.'],
  ['aligner.layers.2.', 'model.aligner.hidden_layers.0.'],
  ['gen_vision_model.', 'model.vqmodel.'],
  ['gen_aligner.layers.0.', 'model.generation_aligner.fc1.'],
  ['gen_aligner.layers.2.', 'model.generation_aligner.hidden_layers.0.'],
  ['gen_embed.', 'model.generation_embeddings.'],
  ['gen_head.output_mlp_projector.', 'model.generation_head.proj_out.'],
  ['gen_head.vision_head.', 'model.generation_head.vision_head.'],
  ['language_model.lm_head.', 'lm_head.'],
  ['language_model.model.', 'model.language_model.'],
];

const towerParts: readonly (readonly [RegExp, string])[] = [
  [/\.attn\.proj\./, '.self_attn.projection_layer.'],
  [/\.norm([12])\./, '.layer_norm$1.'],
];

const vqParts: readonly (readonly [RegExp, string])[] = [
  [/\.encoder\.conv_blocks\./, '.encoder.down.'],
  [/\.decoder\.conv_blocks\./, '.decoder.up.'],
  [/\.res\./, '.block.'],
  [/\.mid\.0\./, '.mid.block_1.'],
  [/\.mid\.1\./, '.mid.attn_1.'],
  [/\.mid\.2\./, '.mid.block_2.'],
];

/** What no computation here needs: frequencies that the config says, a pooling that Janus leaves out, a count of training. */
const unused = /\.rotary_emb\.inv_freq$|vision_tower\.attn_pool\.|\.quantize\.codebook_used$/;

/** `vision_model.vision_tower.blocks.0.norm1.bias` → `model.vision_model.encoder.layers.0.layer_norm1.bias` */
export function renameOriginal(name: string): string {
  const [before, after] = prefixes.find(([prefix]) => name.startsWith(prefix)) ?? ['', ''];
  const moved = `${after}${name.slice(before.length)}`;
  const parts = moved.startsWith('model.vqmodel.')
    ? vqParts
    : moved.startsWith('model.vision_model.encoder.')
      ? towerParts
      : [];
  return parts.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), moved);
}

/** `reader` stays the caller's to close. Throws CHECKPOINT_INVALID for a fused tensor that cannot be parted. */
export function janusTensors(reader: TensorReader): TensorReader {
  const places = new Map<string, Place>();
  for (const info of reader.tensors.values()) {
    if (unused.test(info.name)) continue;
    for (const place of placesOf(reader.path, info)) places.set(place.info.name, place);
  }
  const tensors = new Map([...places].map(([name, { info }]) => [name, info]));
  const placeOf = (name: string): Place => {
    find(reader.path, tensors, name);
    return places.get(name)!; // it has been found
  };
  return {
    path: reader.path,
    tensors,
    async read(name) {
      const { file, info, skip } = placeOf(name);
      const values = await reader.read(file);
      return values.subarray(skip, skip + elements(info.shape));
    },
    async readBytes(name) {
      const { file, info, skip } = placeOf(name);
      const begin = skip * dtypeBytes[info.dtype];
      return (await reader.readBytes(file)).subarray(begin, begin + info.bytes);
    },
    close: () => reader.close(),
  };
}

const fused = /^vision_model\.vision_tower\.(blocks\.\d+)\.attn\.qkv\.(weight|bias)$/;

function placesOf(path: string, info: TensorInfo): Place[] {
  const { name, shape } = info;
  const match = fused.exec(name);
  if (match === null) {
    const renamed = renameOriginal(name);
    // The original keeps a batch of one.
    const squeezed = name.endsWith('.pos_embed') && shape[0] === 1 ? shape.slice(1) : shape;
    return [{ file: name, info: { ...info, name: renamed, shape: squeezed }, skip: 0 }];
  }
  const [rows = 0, ...rest] = shape;
  if (rows % 3 !== 0) {
    throw checkpointInvalid(
      path,
      `tensor "${name}": expected queries, keys and values of one size, found ${rows} rows.`,
      {
        tensor: name,
      },
    );
  }
  const [, block, kind] = match;
  return ['q_proj', 'k_proj', 'v_proj'].map((part, index) => {
    const own = [rows / 3, ...rest];
    const layer = renameOriginal(`vision_model.vision_tower.${block}.`);
    const renamed = `${layer}self_attn.${part}.${kind}`;
    return {
      file: name,
      info: {
        ...info,
        name: renamed,
        shape: own,
        begin: info.begin + (index * info.bytes) / 3,
        bytes: info.bytes / 3,
      },
      skip: index * elements(own),
    };
  });
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
