import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { openTokenizerBundle } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import { temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import { edited, failure, type Json, json, tensorEnding, tensors } from '../edited.test.kit.ts';

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

const config = (change: Json) => json('config.json', (value) => ({ ...value, ...change }));
const network = (change: Json) =>
  json('config.json', (value) => ({ ...value, ddconfig: { ...(value['ddconfig'] as Json), ...change } })); // it is an object
const diffusion = 'diffusion_pytorch_model.safetensors';

describe.each([
  ['taming', 'a lack of sizes', config({ ddconfig: undefined }), /ddconfig/],
  ['taming', 'two latents', network({ double_z: true }), /ddconfig.double_z/],
  ['taming', 'ids that are mapped', config({ remap: 'used.npy' }), /remap/],
  [
    'taming',
    'channels that cannot be grouped',
    network({ ch: 48 }),
    /multiples of 32, the groups of its norms, found 48/,
  ],
  [
    'taming',
    'other codes',
    config({ n_embed: 24 }),
    /"quantize.embedding.weight": expected \[24, 5\], found \[23, 5\]/,
  ],
  [
    'taming',
    'attention elsewhere',
    network({ attn_resolutions: [16] }),
    /"encoder.down.0.attn.0.norm.weight" is missing/,
  ],
  [
    'taming',
    'a tensor missing',
    tensors(tensorEnding.missing('decoder.up.1.upsample.conv.bias')),
    /"decoder.up.1.upsample.conv.bias" is missing/,
  ],
  [
    'taming',
    'a tensor left over',
    tensors(tensorEnding.twice('encoder.conv_in.bias', 'more')),
    /"more" belongs to nothing/,
  ],
  [
    'taming',
    'whole numbers',
    tensors(tensorEnding.integer('quantize.embedding.weight')),
    /expected F32, F16, BF16 or F64, found I16/,
  ],
  [
    'taming',
    'a checkpoint of training',
    (directory: string) => rename(join(directory, 'model.safetensors'), join(directory, 'last.ckpt')),
    /last.ckpt: expected safetensors, found a pickle.*weights_only=True.*state_dict.*'model.safetensors'/,
  ],
  [
    'diffusers',
    'blocks that differ',
    config({ up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D'] }),
    /up_block_types: expected those of down_block_types in reverse/,
  ],
  ['diffusers', 'another block', config({ down_block_types: ['DownBlock2D'] }), /down_block_types/],
  ['diffusers', 'norms in space', config({ norm_type: 'spatial' }), /norm_type/],
  ['diffusers', 'another activation', config({ act_fn: 'relu' }), /act_fn/],
  [
    'diffusers',
    'no attention in the middle',
    config({ mid_block_add_attention: false }),
    /mid_block.attentions.0.*belongs to nothing/,
  ],
  [
    'diffusers',
    'another shape',
    tensors(tensorEnding.shaped('mid_block.attentions.0.to_q.weight', [8, 8, 1, 1]), diffusion),
    /to_q.weight": expected \[8, 8\], found \[8, 8, 1, 1\]/,
  ],
  [
    'diffusers',
    'another class',
    config({ _class_name: 'AutoencoderKL' }),
    /_class_name: VQModel, found "AutoencoderKL"/,
  ],
] as const)('%s: %s', (fixture, _, change, message) => {
  test('is an error that says so', async () => {
    const said = await failure(await edited(temporary.path, `vqgan/${fixture}`, change));
    expect(said).toMatch(/CHECKPOINT_INVALID/);
    expect(said).toMatch(message);
  });
});

test('what only training needs is left out, and grids can be named', async () => {
  const copy = await edited(
    temporary.path,
    'vqgan/taming',
    tensors(tensorEnding.twice('encoder.conv_in.bias', 'loss.discriminator.main.0.bias')),
    config({
      grids: [
        [3, 4],
        [4, 3],
      ],
    }),
  );
  await compile(copy, `${copy}-out`, { name: 'tiles', license: 'MIT' });
  const { manifest } = await openTokenizerBundle(`${copy}-out`);
  expect(manifest).toMatchObject({ name: 'tiles', license: 'MIT', modality: 'image' });
  expect(manifest.tokenizer.options).toMatchObject({
    kind: 'vq-global',
    every: 16,
    grids: [
      [3, 4],
      [4, 3],
    ],
  });
});
