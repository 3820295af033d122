import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSafetensors, type TensorReader } from '../../safetensors/file.ts';
import { type TensorToWrite, writeSafetensors } from '../../safetensors/write.ts';
import { temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import { janusFixture } from './fixture.test.kit.ts';
import { janusTensors, renameOriginal } from './tensors.ts';

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
let saved: TensorReader;
beforeAll(async () => {
  temporary = await temporaryDirectory();
  saved = await openSafetensors(join(janusFixture, 'model.safetensors'));
});
afterAll(async () => {
  await saved.close();
  await temporary.remove();
});

/** Today's name → the original's, written down from the original's modules; the fused ones apart. */
const originals: readonly (readonly [RegExp, string])[] = [
  [/^lm_head\./, 'language_model.lm_head.'],
  [/^model\.language_model\./, 'language_model.model.'],
  [/^model\.vision_model\.embeddings\.position_embedding\.weight$/, 'vision_model.vision_tower.pos_embed'],
  [/^model\.vision_model\.embeddings\.patch_embedding\./, 'vision_model.vision_tower.patch_embed.proj.'],
  [/^model\.vision_model\.post_layernorm\./, 'vision_model.vision_tower.norm.'],
  [
    /^model\.vision_model\.encoder\.layers\.(\d+)\.layer_norm([12])\./,
    'vision_model.vision_tower.blocks.$1.norm$2.',
  ],
  [
    /^model\.vision_model\.encoder\.layers\.(\d+)\.self_attn\.projection_layer\./,
    'vision_model.vision_tower.blocks.$1.attn.proj.',
  ],
  [/^model\.vision_model\.encoder\.layers\./, 'vision_model.vision_tower.blocks.'],
  [/^model\.aligner\.fc1\./, 'aligner.layers.0.'],
  [/^model\.aligner\.hidden_layers\.0\./, 'aligner.layers.2.'],
  [/^model\.generation_aligner\.fc1\./, 'gen_aligner.layers.0.'],
  [/^model\.generation_aligner\.hidden_layers\.0\./, 'gen_aligner.layers.2.'],
  [/^model\.generation_embeddings\./, 'gen_embed.'],
  [/^model\.generation_head\.proj_out\./, 'gen_head.output_mlp_projector.'],
  [/^model\.generation_head\.vision_head\./, 'gen_head.vision_head.'],
  [/^model\.vqmodel\.encoder\.down\.(\d+)\.block\./, 'gen_vision_model.encoder.conv_blocks.$1.res.'],
  [/^model\.vqmodel\.decoder\.up\.(\d+)\.block\./, 'gen_vision_model.decoder.conv_blocks.$1.res.'],
  [/^model\.vqmodel\.encoder\.down\./, 'gen_vision_model.encoder.conv_blocks.'],
  [/^model\.vqmodel\.decoder\.up\./, 'gen_vision_model.decoder.conv_blocks.'],
  [/^model\.vqmodel\.(encoder|decoder)\.mid\.block_1\./, 'gen_vision_model.$1.mid.0.'],
  [/^model\.vqmodel\.(encoder|decoder)\.mid\.attn_1\./, 'gen_vision_model.$1.mid.1.'],
  [/^model\.vqmodel\.(encoder|decoder)\.mid\.block_2\./, 'gen_vision_model.$1.mid.2.'],
  [/^model\.vqmodel\./, 'gen_vision_model.'],
];

/** The fixture as the original would hold it: queries, keys and values in one, a batch of one, and what is not needed. */
async function writeOriginal(path: string, change: (tensors: TensorToWrite[]) => void): Promise<void> {
  const tensors: TensorToWrite[] = [];
  for (const { name, dtype, shape } of saved.tensors.values()) {
    const fused =
      /^model\.vision_model\.encoder\.layers\.(\d+)\.self_attn\.(q|k|v)_proj\.(weight|bias)$/.exec(name);
    if (fused === null) {
      const [pattern, replacement] = originals.find(([one]) => one.test(name))!;
      const whole = name.endsWith('position_embedding.weight') ? [1, ...shape] : shape;
      tensors.push({
        name: name.replace(pattern, replacement),
        dtype,
        shape: whole,
        data: await saved.readBytes(name),
      });
    } else if (fused[2] === 'q') {
      const parts = await Promise.all(
        ['q', 'k', 'v'].map((part) => saved.readBytes(name.replace('.q_proj.', `.${part}_proj.`))),
      );
      const [rows = 0, ...rest] = shape;
      tensors.push({
        name: `vision_model.vision_tower.blocks.${fused[1]}.attn.qkv.${fused[3]}`,
        dtype,
        shape: [3 * rows, ...rest],
        data: Buffer.concat(parts),
      });
    }
  }
  const unused = (name: string): TensorToWrite => ({
    name,
    dtype: 'F32',
    shape: [1],
    data: new Float32Array(1),
  });
  tensors.push(unused('gen_vision_model.quantize.codebook_used'));
  tensors.push(unused('vision_model.vision_tower.attn_pool.latent'));
  tensors.push(unused('language_model.model.layers.0.self_attn.rotary_emb.inv_freq'));
  change(tensors);
  await writeSafetensors(path, tensors);
}

describe('the original names', () => {
  test('lead to the same tensors, values and bytes', async () => {
    const path = join(temporary.path, 'model.safetensors');
    await writeOriginal(path, () => {});
    const reader = janusTensors(await openSafetensors(path));
    expect([...reader.tensors.keys()].sort()).toEqual([...saved.tensors.keys()].sort());
    for (const [name, { shape, dtype }] of saved.tensors) {
      expect([name, reader.tensors.get(name)]).toEqual([name, expect.objectContaining({ shape, dtype })]);
      expect(Buffer.from(await reader.readBytes(name)).equals(await saved.readBytes(name))).toBe(true);
      expect(Buffer.from(f32(await reader.read(name))).equals(f32(await saved.read(name)))).toBe(true);
    }
    await reader.close();
  });

  test('a fused tensor that cannot be parted', async () => {
    const path = join(temporary.path, 'odd.safetensors');
    await writeOriginal(path, (tensors) => {
      const at = tensors.findIndex(({ name }) => name.endsWith('attn.qkv.bias'));
      tensors[at] = { ...tensors[at]!, dtype: 'F32', shape: [107], data: new Float32Array(107) };
    });
    const reader = await openSafetensors(path);
    expect(() => janusTensors(reader)).toThrow(/CHECKPOINT_INVALID.*attn\.qkv\.bias.*107 rows/);
    await reader.close();
  });

  test.each([
    [
      'vision_model.vision_tower.blocks.23.norm2.bias',
      'model.vision_model.encoder.layers.23.layer_norm2.bias',
    ],
    [
      'gen_vision_model.decoder.conv_blocks.4.res.2.norm1.bias',
      'model.vqmodel.decoder.up.4.block.2.norm1.bias',
    ],
    ['gen_vision_model.encoder.mid.1.proj_out.bias', 'model.vqmodel.encoder.mid.attn_1.proj_out.bias'],
    ['model.vqmodel.quant_conv.bias', 'model.vqmodel.quant_conv.bias'],
  ])('%s', (name, expected) => {
    expect(renameOriginal(name)).toBe(expected);
  });
});

const f32 = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
