import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { openBundle } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import { temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import { configured, edited, type Json, json, refusal, tensorEnding, tensors } from '../edited.test.kit.ts';

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

const vocabulary = (change: (ids: Json) => Json) =>
  json('config.json', (value) => ({
    ...value,
    vocabulary_map: change(value['vocabulary_map'] as Json), // it is an object
  }));
const without = (token: string) => vocabulary(({ [token]: _, ...rest }) => rest);

describe.each([
  ['no vocabulary', configured({ vocabulary_map: null }), /vocabulary_map/],
  [
    'no token for a code',
    without('IMGIMGBCZ'),
    /each of 24 codes.*none for 1 of them, the first 12 \(IMGIMGBCZ\)/,
  ],
  ['a code too many', vocabulary((ids) => ({ ...ids, IMGIMGCEZ: 132 })), /codes below 24.*found IMGIMGCEZ/],
  ['nothing that opens a picture', without('<racm3:break>'), /expected the token <racm3:break>, found none/],
  ['nothing that closes a picture', without('<eoss>'), /expected the token <eoss>, found none/],
  [
    'a code beyond the vocabulary',
    vocabulary((ids) => ({ ...ids, IMGIMGAZ: 999 })),
    /region image: expected ids below 135.*found 999/,
  ],
  [
    'a side that cannot be halved',
    configured({ resolution: 11 }, 'vq_config'),
    /resolution: expected a multiple of 2, found 11/,
  ],
  [
    'channels that cannot be grouped',
    configured({ base_channels: 24 }, 'vq_config'),
    /multiples of 32.*found 24/,
  ],
  ['two latents', configured({ double_latent: true }, 'vq_config'), /vq_config.double_latent/],
  [
    'attention where there is none',
    configured({ attn_resolutions: [5] }, 'vq_config'),
    /vqmodel.*attn.0.*is missing/,
  ],
  [
    'no attention where there is some',
    configured({ attn_type: 'none' }, 'vq_config'),
    /mid.attn_1.*belongs to nothing/,
  ],
  [
    'other norms',
    configured({ num_key_value_heads: 1 }),
    /"model.layers.0.self_attn.k_proj.weight": expected \[16, 48\], found \[48, 48\]/,
  ],
  [
    'rotation that changes with the length',
    configured({ rope_scaling: { type: 'dynamic', factor: 2 } }),
    /rope type.*"dynamic"/,
  ],
  ['heads of another width', configured({ num_attention_heads: 2 }), /multiple of/],
  [
    'pictures that are not cropped',
    json('preprocessor_config.json', (value) => ({ ...value, do_center_crop: false })),
    /preprocessor_config.json.*do_center_crop/,
  ],
  [
    'a filter that is not followed',
    json('preprocessor_config.json', (value) => ({ ...value, resample: 2 })),
    /resample: expected 1 \(Lanczos\) or 3 \(bicubic\), found 2/,
  ],
  [
    'a tensor missing',
    tensors(tensorEnding.missing('layers.1.self_attn.q_norm.bias')),
    /tensor "model.layers.1.self_attn.q_norm.bias" is missing/,
  ],
  [
    'a tensor of the encoder missing',
    tensors(tensorEnding.missing('encoder.down.0.downsample.conv.bias')),
    /tensor "model.vqmodel.encoder.down.0.downsample.conv.bias" is missing/,
  ],
  [
    'half a decoder',
    tensors(tensorEnding.missing('decoder.conv_out.bias')),
    /tensor "model.vqmodel.decoder.conv_out.bias" is missing/,
  ],
  [
    'a tensor left over',
    tensors(tensorEnding.twice('encoder.norm_out.bias', 'model.vqmodel.more')),
    /tensor "model.vqmodel.more" belongs to nothing/,
  ],
  [
    'norms shared by heads',
    tensors(tensorEnding.changed('q_norm.weight', { shape: [48] })),
    /q_norm.weight": expected \[3, 16\], found \[48\]/,
  ],
  [
    'whole numbers',
    tensors(tensorEnding.changed('quantize.embedding.weight', { dtype: 'I16' })),
    /quantize.embedding.weight": expected F32, F16, BF16 or F64, found I16/,
  ],
  [
    'weights of PyTorch alone',
    (directory: string) => rename(join(directory, 'model.safetensors'), join(directory, 'pytorch_model.bin')),
    /pytorch_model.bin: expected safetensors, found a pickle.*convert it.*save_file/,
  ],
] as const)('%s', (_, change, message) => {
  test('is an error that says so', async () => {
    expect(await refusal(temporary.path, 'chameleon/mixed', change)).toMatch(message);
  });
});

test('without the image decoder the bundle reads pictures: no head, no graph', async () => {
  const copy = await edited(
    temporary.path,
    'chameleon/mixed',
    tensors((tensor) => (tensor.name.includes('vqmodel.decoder') ? [] : [tensor])),
  );
  await compile(copy, `${copy}-out`);
  const { manifest } = await openBundle(`${copy}-out`);
  const image = manifest.ports['image']!;
  expect([image.head, image.tokenizer?.options['decode'], manifest.files['image-decode.onnx']]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(image.table).toBeDefined();
  expect(manifest.sampling).toEqual({});
});
