import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openBundle } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import { temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import {
  type Change,
  configured,
  edited,
  extra,
  refusal,
  tensorEnding,
  tensors,
} from '../edited.test.kit.ts';
import { blip2Fixtures } from './fixture.test.kit.ts';

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

const checkpoint = join(blip2Fixtures, 'usual');
const broken = (change: Change): Promise<string> => refusal(temporary.path, checkpoint, change);

describe('config.json', () => {
  test('a text model of T5', async () => {
    const message = await broken(configured({ model_type: 't5', d_model: 32 }, 'text_config'));
    expect(message).toMatch(/text_config.model_type: expected "opt", found "t5".*take a checkpoint over OPT/);
  });

  test.each([
    ['text_config', { hidden_size: 0 }, /text_config.hidden_size/],
    ['text_config', { do_layer_norm_before: false }, /do_layer_norm_before: expected true, found false/],
    ['text_config', { word_embed_proj_dim: 16 }, /word_embed_proj_dim: expected 32, found 16/],
    ['text_config', { activation_function: 'gelu' }, /activation_function: expected "relu", found "gelu"/],
    ['text_config', { enable_bias: false }, /enable_bias: expected true/],
    ['text_config', { _remove_final_layer_norm: true }, /_remove_final_layer_norm: expected false/],
    ['text_config', { num_attention_heads: 4 }, /multiple of 16 channels.*found 8/],
    ['text_config', { num_hidden_layers: 3 }, /"language_model.model.decoder.layers.2..*" is missing/],
    ['text_config', { tie_word_embeddings: false }, /"language_model.lm_head.weight" is missing/],
    ['vision_config', { hidden_act: 'quick_gelu' }, /vision_config.hidden_act: expected "gelu"/],
    ['vision_config', { patch_size: 6 }, /image_size % patch_size: expected 0, found 2/],
    ['vision_config', { qkv_bias: false }, /qkv.bias" belongs to nothing/],
    ['qformer_config', { use_qformer_text_input: true }, /use_qformer_text_input: expected false/],
    ['qformer_config', { position_embedding_type: 'relative_key' }, /position_embedding_type/],
    ['qformer_config', { cross_attention_frequency: 1 }, /layer.1.crossattention.*" is missing/],
  ])('%s with %o', async (part, change, message) => {
    expect(await broken(configured(change, part))).toMatch(message);
  });

  test('queries of another number', async () => {
    const message = await broken(configured({ num_query_tokens: 6 }));
    expect(message).toMatch(/"query_tokens": expected \[1, 6, 20\], found \[1, 5, 20\]/);
  });

  test('weights in blocks of bits', async () => {
    const quantized = configured({ quantization_config: { bits: 4 } });
    expect(await broken(quantized)).toMatch(/quantization_config: expected null/);
  });
});

describe('tensors', () => {
  test('of another shape', async () => {
    const turned = tensorEnding.changed('language_projection.weight', { shape: [20, 32] });
    expect(await broken(tensors(turned))).toMatch(/expected \[32, 20\], found \[20, 32\]/);
  });

  test('missing, and left over', async () => {
    const less = tensors(tensorEnding.missing('qformer.layernorm.bias'));
    expect(await broken(less)).toMatch(/"qformer.layernorm.bias" is missing/);
    expect(await broken(extra('qformer.pooler.weight'))).toMatch(
      /"qformer.pooler.weight" belongs to nothing/,
    );
  });

  test('a head beside the table it is tied to', async () => {
    const head = tensorEnding.twice('embed_tokens.weight', 'language_model.lm_head.weight');
    const copy = await edited(temporary.path, checkpoint, tensors(head));
    await compile(copy, `${copy}-out`);
  });
});

describe('preprocessor_config.json', () => {
  const settings =
    (text: string): Change =>
    (directory) =>
      writeFile(join(directory, 'preprocessor_config.json'), text);

  test.each([
    ['{', /expected JSON/],
    [JSON.stringify({ size: { height: 24, width: 24 } }), /size: expected 20/],
    [JSON.stringify({ resample: 1 }), /resample: expected "2 \(bilinear\) or 3 \(bicubic\)", found 1/],
    [JSON.stringify({ image_mean: [1, 2] }), /image_mean/],
  ])('%s', async (text, message) => {
    expect(await broken(settings(text))).toMatch(message);
  });

  test('goes into the bundle', async () => {
    const own = {
      size: { height: 20, width: 20 },
      resample: 2,
      image_mean: [0.5, 0.4, 0.3],
      image_std: [1, 2, 3],
    };
    const copy = await edited(temporary.path, checkpoint, settings(JSON.stringify(own)));
    await compile(copy, `${copy}-out`);
    const { manifest } = await openBundle(`${copy}-out`);
    expect(manifest.ports['image']?.encoder?.options['pixels']).toEqual({
      fit: 'stretch',
      side: 20,
      kernel: 'bilinear',
      mean: own.image_mean,
      deviation: own.image_std,
    });
  });
});

test('no tokenizer', async () => {
  expect(await broken((directory) => rm(join(directory, 'tokenizer.json')))).toMatch(/cannot be read/);
});
