import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Device, openBundle, openDevice } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import { openGguf } from '../../gguf/file.ts';
import type { MetadataValue } from '../../gguf/header.ts';
import { openSafetensors } from '../../safetensors/file.ts';
import { temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import { greedyIds, openCompiled, textLogits } from './fixture.test.kit.ts';
import { factsOf, halvesApart } from './gguf.ts';
import { tokensOfGguf } from './gguf-tokens.ts';

const fixtures = join(import.meta.dirname, '../../../fixtures/gguf');
const checkpoint = join(fixtures, 'model.gguf');
let device: Device;
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
  device = await openDevice();
});
afterAll(async () => {
  device.close();
  await temporary.remove();
});

test('a GGUF file agrees with transformers, in logits and greedy ids', async () => {
  const cases = await openSafetensors(join(fixtures, 'model-cases.safetensors'));
  const ids = Uint32Array.from(await cases.read('ids'));
  const [logits, greedy] = [await cases.read('logits'), await cases.read('greedy')];
  await cases.close();
  const engine = await openCompiled(device, checkpoint, join(temporary.path, 'bundle'));
  const size = logits.length / ids.length;
  const found = await textLogits(engine, engine.open(), ids, new Array<number>(ids.length).fill(1));
  found.forEach((scores, position) => {
    for (let id = 2; id < size; id++) {
      expect(Math.abs(scores[id]! - logits[position * size + id]!)).toBeLessThan(1e-4);
    }
  });
  const expected = [...greedy].map((id) => (id === 1 ? size : id));
  expect(await greedyIds(engine, ids, expected.length)).toEqual(expected);
  await engine.close();
});

test('the header says what the bundle is', async () => {
  const out = join(temporary.path, 'described');
  await compile(checkpoint, out);
  const { manifest } = await openBundle(out);
  expect(manifest).toMatchObject({ name: 'tiny', license: 'apache-2.0' });
  expect(manifest.decoder).toMatchObject({
    width: 64,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    headWidth: 16,
    context: 64,
  });
  expect(manifest.space.marks).toMatchObject({
    names: ['<txt>', '</txt>', '<s>', '</s>', '<|user|>', '<id-3>'],
    begin: '<s>',
    end: '</s>',
    silent: ['<txt>', '</txt>'],
  });
  const chat = JSON.parse(await readFile(join(out, 'chat.json'), 'utf8')) as Record<string, unknown>; // an object
  expect(chat).toMatchObject({
    begin: '<s>',
    marks: { '[END]': '<id-3>', '<|user|>': '<|user|>' },
    variables: { bos_token: '<s>', eos_token: '</s>' },
    written: [],
  });
});

test('rows of neighbouring pairs become rows of halves', () => {
  // One head of 4 channels, two columns: pairs (0, 2) and (1, 3) stand next to each other in the file.
  const file = Float32Array.of(0, 0.5, 2, 2.5, 1, 1.5, 3, 3.5);
  expect(halvesApart(file, 4, 2)).toEqual(Float32Array.of(0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5));
});

describe('what a header may not say', () => {
  const changed = async (change: Readonly<Record<string, MetadataValue | undefined>>) => {
    const file = await openGguf(checkpoint);
    await file.close();
    const metadata = new Map([...file.metadata]);
    for (const [key, value] of Object.entries(change)) {
      if (value === undefined) metadata.delete(key);
      else metadata.set(key, value);
    }
    return { ...file, metadata };
  };

  test.each<[Readonly<Record<string, MetadataValue | undefined>>, RegExp]>([
    [{ 'tokenizer.ggml.model': 'llama' }, /model: expected "gpt2" .byte-level BPE., found "llama"/],
    [{ 'tokenizer.ggml.pre': 'tekken' }, /pre: expected one of gpt-2.*found "tekken"/],
    [{ 'tokenizer.ggml.tokens': undefined }, /tokens: expected a list, found nothing/],
    [{ 'tokenizer.ggml.merges': [1] }, /merges: expected a list, found another type/],
    [{ 'tokenizer.ggml.token_type': [1] }, /token_type: expected 104 entries, found "1"/],
    [{ 'tokenizer.ggml.eos_token_id': 'two' }, /eos_token_id: expected a number, found two/],
  ])('%o', async (change, message) => {
    const file = await changed(change);
    expect(() => tokensOfGguf(file)).toThrow(message);
  });

  test('a text that is a number', async () => {
    const facts = factsOf(await changed({ 'general.architecture': 3 }));
    expect(() => facts.text('general.architecture')).toThrow(/CHECKPOINT_INVALID.*expected a text, found 3/);
    expect(() => facts.text('none')).toThrow(/expected a text, found nothing/);
  });

  test.each([
    ['qwen2', 'NFC', false],
    ['llama-bpe', undefined, true],
  ])('words of %s', async (pre, normalizer, whole) => {
    const change = { 'tokenizer.ggml.pre': pre, 'tokenizer.ggml.add_bos_token': undefined };
    const { json, addsBegin } = tokensOfGguf(await changed(change));
    expect((json['normalizer'] as { type: string } | null)?.type).toBe(normalizer);
    expect(json['model']).toMatchObject({ ignore_merges: whole });
    expect(addsBegin).toBe(whole);
  });

  test('another architecture', async () => {
    await expect(compile(join(fixtures, 'blocks.gguf'), join(temporary.path, 'never'))).rejects.toThrow(
      /CHECKPOINT_INVALID.*general.architecture: expected one of llama, qwen2, qwen3, found "blocks"/,
    );
  });
});
