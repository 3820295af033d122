import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import { type Change, configured, extra, json, refusal, tensorEnding, tensors } from '../edited.test.kit.ts';
import { janusFixture } from './fixture.test.kit.ts';

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

const broken = (change: Change): Promise<string> => refusal(temporary.path, janusFixture, change);

describe('tensors', () => {
  const parts = [
    'lm_head.weight',
    'model.language_model.layers.1.mlp.down_proj.weight',
    'model.vision_model.embeddings.position_embedding.weight',
    'model.aligner.hidden_layers.0.bias',
    'model.generation_embeddings.weight',
    'model.generation_head.vision_head.weight',
    'model.vqmodel.decoder.up.0.attn.1.q.weight',
    'model.vqmodel.encoder.down.0.downsample.conv.bias',
  ];

  test.each(parts)('%s is missing', async (name) => {
    expect(await broken(tensors(tensorEnding.missing(name)))).toMatch(new RegExp(`"${name}" is missing`));
  });

  test.each(parts)('%s has another shape', async (name) => {
    const six = { dtype: 'F32', shape: [2, 3], data: new Float32Array(6) } as const;
    expect(await broken(tensors(tensorEnding.changed(name, six)))).toMatch(
      new RegExp(`"${name}": expected \\[[\\d, ]+\\], found \\[2, 3\\]`),
    );
  });

  test.each(['model.vision_model.head.probe', 'gen_vision_model.encoder.more'])(
    '%s is left over',
    async (name) => {
      expect(await broken(extra(name))).toMatch(/belongs to nothing the config describes/);
    },
  );

  test('a weight that is not finite', async () => {
    const data = new Float32Array(48).fill(Number.NaN);
    const bias = 'model.generation_aligner.fc1.bias';
    const unknown = tensorEnding.changed(bias, { dtype: 'F32', shape: [48], data });
    expect(await broken(tensors(unknown))).toMatch(/generation_aligner\.fc1\.bias.*NaN/);
  });
});

describe('files', () => {
  const without = (content: string): Change =>
    json('tokenizer.json', (value) => ({
      ...value,
      added_tokens: (value['added_tokens'] as { content: string }[]).filter((one) => one.content !== content),
    })); // as tokenizers are written

  test.each(['<begin_of_image>', '<｜▁pad▁｜>'])('a vocabulary without %s', async (content) => {
    expect(await broken(without(content))).toMatch(
      new RegExp(`expected the special token ${content.replaceAll('|', '\\|')}`),
    );
  });

  test('norms of heads in the tower', async () => {
    const normed = configured({ use_qk_norm: true }, 'vision_config');
    expect(await broken(normed)).toMatch(/use_qk_norm: expected false/);
  });

  test('ids beyond the rows of the table', async () => {
    expect(await broken(configured({ vocab_size: 105 }, 'text_config'))).toMatch(
      /expected ids below 105, the vocabulary's size, found 10[5-8]/,
    );
  });
});
