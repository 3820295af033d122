import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
import { mllamaFixture } from './fixture.test.kit.ts';

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

const broken = (change: Change): Promise<string> => refusal(temporary.path, mllamaFixture, change);

describe('config.json', () => {
  test.each([
    ['text_config', { hidden_size: 0 }, /text_config.hidden_size/],
    ['text_config', { hidden_act: 'gelu' }, /hidden_act: expected "silu", found "gelu"/],
    ['text_config', { num_attention_heads: 4 }, /multiple of 16 channels.*found 8/],
    [
      'text_config',
      { cross_attention_layers: [1, 5] },
      /cross_attention_layers: expected "below 5", found 5/,
    ],
    ['text_config', { cross_attention_layers: [1] }, /layers.3..*" is missing|belongs to nothing/],
    ['text_config', { vocab_size: 96 }, /expected ids below 104.*found 104|\[104, 32\]|image_token_index/],
    ['text_config', { rope_scaling: { rope_type: 'longrope' } }, /found "longrope"/],
    ['vision_config', { hidden_act: 'quick_gelu' }, /vision_config.hidden_act: expected "gelu"/],
    ['vision_config', { vision_output_dim: 70 }, /vision_output_dim: expected 72, found 70/],
    ['vision_config', { intermediate_layers_indices: [0, 4] }, /intermediate_layers_indices.*found 4/],
    ['vision_config', { max_num_tiles: 2 }, /supported_aspect_ratios: expected/],
    ['vision_config', { supported_aspect_ratios: [[1, 1]] }, /supported_aspect_ratios: expected/],
    ['vision_config', { image_size: 15 }, /image_size % patch_size: expected 0, found 1/],
    ['vision_config', { num_global_layers: 3 }, /global_transformer.layers.2..*" is missing/],
  ])('%s with %o', async (part, change, message) => {
    expect(await broken(configured(change, part))).toMatch(message);
  });

  test('an image token beyond the table', async () => {
    expect(await broken(configured({ image_token_index: 112 }))).toMatch(
      /image_token_index: expected "below 112", found 112/,
    );
  });
});

describe('tensors', () => {
  test('of another shape', async () => {
    const gate = 'language_model.model.layers.1.cross_attn_attn_gate';
    const two = tensorEnding.changed(gate, { dtype: 'F32', shape: [2], data: new Float32Array(2) });
    expect(await broken(tensors(two))).toMatch(/cross_attn_attn_gate": expected \[1\], found \[2\]/);
  });

  test('missing, and left over', async () => {
    const less = tensors(tensorEnding.missing('multi_modal_projector.bias'));
    expect(await broken(less)).toMatch(/"multi_modal_projector.bias" is missing/);
    expect(await broken(extra('vision_model.more.weight'))).toMatch(/"vision_model.more.weight" belongs to/);
  });
});

test('the newer names of the same tensors', async () => {
  const newer = (name: string): string =>
    name.startsWith('language_model.lm_head')
      ? name.replace('language_model.', '')
      : `model.${name.replace('language_model.model.', 'language_model.')}`;
  const renamed = tensors((tensor) => [{ ...tensor, name: newer(tensor.name) }]);
  const copy = await edited(temporary.path, mllamaFixture, renamed);
  await compile(copy, `${copy}-new`);
  await compile(mllamaFixture, `${copy}-old`);
  for (const file of ['decoder.onnx.data', 'image-understand.onnx.data', 'text.head.onnx.data']) {
    const [one, other] = await Promise.all(
      ['new', 'old'].map((end) => readFile(join(`${copy}-${end}`, file))),
    );
    expect(Buffer.compare(one!, other!)).toBe(0);
  }
});
