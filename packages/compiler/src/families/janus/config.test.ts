import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseJanus, planJanus } from './config.ts';
import { janusFixture } from './fixture.test.kit.ts';
import { fromRawConfig } from './raw-config.ts';

/** The config of Janus-Pro-1B as DeepSeek publishes it, in the parts that say something. */
const raw = {
  model_type: 'multi_modality',
  aligner_config: {
    cls: 'MlpProjector',
    params: { depth: 2, input_dim: 1024, n_embed: 2048, projector_type: 'mlp_gelu' },
  },
  gen_aligner_config: {
    cls: 'MlpProjector',
    params: { depth: 2, input_dim: 8, n_embed: 2048, projector_type: 'mlp_gelu' },
  },
  gen_head_config: {
    cls: 'vision_head',
    params: { image_token_embed: 2048, image_token_size: 16384, n_embed: 2048 },
  },
  gen_vision_config: { cls: 'VQ-16', params: { image_token_size: 16384, n_embed: 8 } },
  language_config: {
    hidden_size: 2048,
    intermediate_size: 5632,
    max_position_embeddings: 16384,
    model_type: 'llama',
    num_attention_heads: 16,
    num_hidden_layers: 24,
    num_key_value_heads: 16,
    vocab_size: 102400,
  },
  vision_config: {
    cls: 'CLIPVisionTower',
    params: {
      image_size: 384,
      model_name: 'siglip_large_patch16_384',
      select_feature: 'same',
      select_layer: -1,
    },
  },
};

test('the config of DeepSeek gives the published sizes', () => {
  const plan = planJanus('config.json', parseJanus('config.json', fromRawConfig('config.json', raw)));
  expect(plan.grid).toBe(24);
  expect(plan.text).toMatchObject({
    width: 2048,
    layers: 24,
    heads: 16,
    kvHeads: 16,
    headWidth: 128,
    feedForward: 5632,
    context: 16384,
    theta: 10000,
    normEpsilon: 1e-6,
    vocabulary: 102400,
    tied: false,
  });
  expect(plan.vision).toEqual({
    side: 384,
    patch: 16,
    width: 1024,
    layers: 24,
    heads: 16,
    feedForward: 4096,
    normEpsilon: 1e-6,
    bias: true,
    alignerDepth: 2,
  });
  expect(plan.vq).toEqual({
    codes: 16384,
    codeWidth: 8,
    latentChannels: 256,
    baseChannels: 128,
    multipliers: [1, 1, 2, 2, 4],
    blocks: 2,
    alignerDepth: 2,
  });
});

test('the 7B config leaves out what is as in Llama', () => {
  const { max_position_embeddings, vocab_size } = raw.language_config;
  const wide = { n_embed: 4096 };
  const large = {
    ...raw,
    language_config: { model_type: 'llama', num_hidden_layers: 30, max_position_embeddings, vocab_size },
    aligner_config: { params: wide },
    gen_aligner_config: { params: wide },
    gen_head_config: { params: { image_token_embed: 4096 } },
  };
  const { text } = planJanus(
    'config.json',
    parseJanus('config.json', fromRawConfig('config.json', large)),
    900,
  );
  expect(text).toMatchObject({ width: 4096, feedForward: 11008, heads: 32, kvHeads: 32, headWidth: 128 });
  expect(text.context).toBe(900);
});

test.each<[string, object, RegExp]>([
  [
    'another tower',
    { vision_config: { params: { model_name: 'clip' } } },
    /vision_config\.params\.model_name/,
  ],
  [
    'another VQ model',
    { gen_vision_config: { cls: 'VQ-8', params: { image_token_size: 9, n_embed: 8 } } },
    /cls/,
  ],
  ['no language', { language_config: undefined }, /language_config/],
])('the config of DeepSeek with %s', (_, change, message) => {
  expect(() => fromRawConfig('config.json', { ...raw, ...change })).toThrow(message);
});

describe('the config of transformers', async () => {
  const config = JSON.parse(await readFile(join(janusFixture, 'config.json'), 'utf8')) as Record<
    string,
    object
  >; // an object

  test.each<[string, string, object, RegExp]>([
    ['norms of heads', 'vision_config', { use_qk_norm: true }, /use_qk_norm: expected false/],
    ['another activation', 'vision_config', { hidden_act: 'gelu_pytorch_tanh' }, /vision_config\.hidden_act/],
    ['a picture of another size', 'vision_config', { image_size: 12 }, /num_image_tokens: expected 36/],
    ['patches that do not fit', 'vision_config', { patch_size: 3 }, /image_size modulo patch_size/],
    [
      'codes of another size than patches',
      'vq_config',
      { channel_multiplier: [1, 1, 1] },
      /vision_config\.image_size: expected 20, 5 rows of codes of 4 pixels, found 10/,
    ],
    [
      'a narrow aligner',
      'vision_config',
      { projection_dim: 32 },
      /projection_dim: expected 48, the width of the decoder/,
    ],
    [
      'a narrow generation aligner',
      'vq_config',
      { projection_dim: 10 },
      /vq_config\.projection_dim: expected 48/,
    ],
    ['two latents', 'vq_config', { double_latent: true }, /double_latent/],
    ['no sizes', 'text_config', { hidden_size: 'wide' }, /text_config: hidden_size/],
    ['a gated activation', 'text_config', { hidden_act: 'gelu' }, /text_config: hidden_act: expected "silu"/],
    ['narrow heads', 'text_config', { head_dim: 8 }, /multiple of 16 channels/],
  ])('with %s', (_, part, change, message) => {
    const changed = { ...config, [part]: { ...config[part], ...change } };
    expect(() => planJanus('config.json', parseJanus('config.json', changed))).toThrow(message);
  });

  test('without a part', () => {
    const { vq_config: _, ...rest } = config;
    expect(() => parseJanus('config.json', rest)).toThrow(/CHECKPOINT_INVALID.*vq_config/);
  });
});
