import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import { changeTensors } from '../../safetensors/change.test.kit.ts';
import type { TensorToWrite } from '../../safetensors/write.ts';
import { temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import { janusFixture } from './fixture.test.kit.ts';

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

let copies = 0;
async function copy(): Promise<string> {
  const directory = join(temporary.path, `copy-${copies++}`);
  await cp(janusFixture, directory, { recursive: true });
  return directory;
}

const failure = async (directory: string): Promise<string> =>
  compile(directory, `${directory}-out`).then(
    () => 'no error',
    (error: unknown) => String(error),
  );

async function changed(change: (tensors: TensorToWrite[]) => TensorToWrite[]): Promise<string> {
  const directory = await copy();
  await changeTensors(join(directory, 'model.safetensors'), change);
  return directory;
}

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
    const directory = await changed((tensors) => tensors.filter((one) => one.name !== name));
    expect(await failure(directory)).toMatch(new RegExp(`CHECKPOINT_INVALID.*"${name}" is missing`));
  });

  test.each(parts)('%s has another shape', async (name) => {
    const directory = await changed((tensors) =>
      tensors.map((one) =>
        one.name === name ? { name, dtype: 'F32', shape: [2, 3], data: new Float32Array(6) } : one,
      ),
    );
    expect(await failure(directory)).toMatch(
      new RegExp(`CHECKPOINT_INVALID.*"${name}": expected \\[[\\d, ]+\\], found \\[2, 3\\]`),
    );
  });

  test.each(['model.vision_model.head.probe', 'gen_vision_model.encoder.more'])(
    '%s is left over',
    async (name) => {
      const directory = await changed((tensors) => [
        ...tensors,
        { name, dtype: 'F32', shape: [1], data: new Float32Array(1) },
      ]);
      expect(await failure(directory)).toMatch(/CHECKPOINT_INVALID.*belongs to nothing the config describes/);
    },
  );

  test('a weight that is not finite', async () => {
    const name = 'model.generation_aligner.fc1.bias';
    const directory = await changed((tensors) =>
      tensors.map((one) =>
        one.name === name
          ? { name, dtype: 'F32', shape: [48], data: new Float32Array(48).fill(Number.NaN) }
          : one,
      ),
    );
    expect(await failure(directory)).toMatch(/CHECKPOINT_INVALID.*generation_aligner\.fc1\.bias.*NaN/);
  });
});

describe('files', () => {
  const change = async (
    file: string,
    edit: (value: Record<string, unknown>) => Record<string, unknown>,
  ): Promise<string> => {
    const directory = await copy();
    const path = join(directory, file);
    const value = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>; // an object
    await writeFile(path, JSON.stringify(edit(value)));
    return directory;
  };
  const without = (content: string) =>
    change('tokenizer.json', (json) => ({
      ...json,
      added_tokens: (json['added_tokens'] as { content: string }[]).filter((one) => one.content !== content),
    }));

  test.each(['<begin_of_image>', '<｜▁pad▁｜>'])('a vocabulary without %s', async (content) => {
    expect(await failure(await without(content))).toMatch(
      new RegExp(`CHECKPOINT_INVALID.*expected the special token ${content.replaceAll('|', '\\|')}`),
    );
  });

  test('norms of heads in the tower', async () => {
    const directory = await change('config.json', (config) => ({
      ...config,
      vision_config: { ...(config['vision_config'] as object), use_qk_norm: true },
    }));
    expect(await failure(directory)).toMatch(/CHECKPOINT_INVALID.*use_qk_norm: expected false/);
  });

  test('ids beyond the rows of the table', async () => {
    const directory = await change('config.json', (config) => ({
      ...config,
      text_config: { ...(config['text_config'] as object), vocab_size: 105 },
    }));
    expect(await failure(directory)).toMatch(
      /CHECKPOINT_INVALID.*expected ids below 105, the vocabulary's size, found 10[5-8]/,
    );
  });
});
