import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { openTokenizerBundle } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import { temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import { configured, edited, refusal, tensorEnding, tensors } from '../edited.test.kit.ts';

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

const diffusion = 'diffusion_pytorch_model.safetensors';

describe.each([
  ['taming', 'a lack of sizes', configured({ ddconfig: undefined }), /ddconfig/],
  ['taming', 'two latents', configured({ double_z: true }, 'ddconfig'), /ddconfig.double_z/],
  ['taming', 'ids that are mapped', configured({ remap: 'used.npy' }), /remap/],
  [
    'taming',
    'channels that cannot be grouped',
    configured({ ch: 48 }, 'ddconfig'),
    /multiples of 32, the groups of its norms, found 48/,
  ],
  [
    'taming',
    'other codes',
    configured({ n_embed: 24 }),
    /"quantize.embedding.weight": expected \[24, 5\], found \[23, 5\]/,
  ],
  [
    'taming',
    'attention elsewhere',
    configured({ attn_resolutions: [16] }, 'ddconfig'),
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
    tensors(tensorEnding.changed('quantize.embedding.weight', { dtype: 'I16' })),
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
    configured({ up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D'] }),
    /up_block_types: expected those of down_block_types in reverse/,
  ],
  ['diffusers', 'another block', configured({ down_block_types: ['DownBlock2D'] }), /down_block_types/],
  ['diffusers', 'norms in space', configured({ norm_type: 'spatial' }), /norm_type/],
  ['diffusers', 'another activation', configured({ act_fn: 'relu' }), /act_fn/],
  [
    'diffusers',
    'no attention in the middle',
    configured({ mid_block_add_attention: false }),
    /mid_block.attentions.0.*belongs to nothing/,
  ],
  [
    'diffusers',
    'another shape',
    tensors(tensorEnding.changed('mid_block.attentions.0.to_q.weight', { shape: [8, 8, 1, 1] }), diffusion),
    /to_q.weight": expected \[8, 8\], found \[8, 8, 1, 1\]/,
  ],
  [
    'diffusers',
    'another class',
    configured({ _class_name: 'AutoencoderKL' }),
    /_class_name: VQModel, found "AutoencoderKL"/,
  ],
] as const)('%s: %s', (fixture, _, change, message) => {
  test('is an error that says so', async () => {
    expect(await refusal(temporary.path, `vqgan/${fixture}`, change)).toMatch(message);
  });
});

test('what only training needs is left out, and grids can be named', async () => {
  const copy = await edited(
    temporary.path,
    'vqgan/taming',
    tensors(tensorEnding.twice('encoder.conv_in.bias', 'loss.discriminator.main.0.bias')),
    configured({
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
