/**
 * EnCodec and Mimi from checkpoint to sound, on their own: compiled, opened with the plugin, samples → ids → samples,
 * against what transformers makes of the same checkpoints.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  compile,
  openSafetensors,
  type TensorReader,
  type TensorToWrite,
  writeSafetensors,
} from '@any-to-any/compiler';
import {
  createPipeline,
  type OpenTokenizer,
  openTokenizer,
  openTokenizerBundle,
  type SoundContent,
  type SoundDelta,
} from '@any-to-any/core';
import { audioPlugin } from '@any-to-any/tokenizer-audio';
import { textPlugin } from '@any-to-any/tokenizer-text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const fixtures = new URL('../packages/compiler/fixtures', import.meta.url).pathname;
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'any-to-any-codecs-'));
});
afterAll(() => rm(root, { recursive: true }));

const cases = [
  { name: 'encodec/causal', codebooks: 5, size: 16 },
  { name: 'encodec/non-causal', codebooks: 3, size: 16 },
  { name: 'mimi/grouped', codebooks: 4, size: 16 },
];

describe.each(cases)('$name', ({ name, codebooks, size }) => {
  let opened: OpenTokenizer<SoundContent, SoundDelta>;
  let recorded: TensorReader;
  let rate: number;
  beforeAll(async () => {
    const bundle = join(root, name);
    await compile(join(fixtures, name), bundle, { codebooks });
    opened = await openTokenizer<SoundContent, SoundDelta>({ bundle, plugins: [audioPlugin()] });
    recorded = await openSafetensors(join(fixtures, name, 'cases.safetensors'));
    rate = Number(opened.manifest.tokenizer.options['rate']);
  });
  afterAll(async () => {
    await opened.close();
    await recorded.close();
  });

  const sound = async (length: number): Promise<SoundContent> => {
    const samples = (await recorded.read('samples')).slice(0, length);
    return { modality: 'audio', rate, samples };
  };
  /** `[codebooks, frames]` → the ids of each frame, one codebook after the other. */
  const flattened = (codes: Float32Array, frames: number): number[] =>
    Array.from({ length: frames * codebooks }, (_, i) => {
      const book = i % codebooks;
      return book * size + codes[book * (codes.length / codebooks) + Math.floor(i / codebooks)]!;
    });

  it('hears what transformers hears, whatever the length', async () => {
    expect(opened.tokenizer.size).toBe(codebooks * size);
    for (const length of await recorded.read('lengths')) {
      const { ids } = await opened.tokenizer.encode(await sound(length));
      const expected = await recorded.read(`ids.${length}`);
      expect([...ids]).toEqual(flattened(expected, expected.length / codebooks));
    }
  });

  it('says what transformers says, clipped', async () => {
    const codes = await recorded.read('codes');
    for (const frames of await recorded.read('frames')) {
      const deltas: SoundDelta[] = [];
      for await (const delta of opened.tokenizer.decode(fromArray(flattened(codes, frames)), {
        shape: { kind: 'line' },
      }))
        deltas.push(delta);
      const { samples } = opened.tokenizer.join(deltas);
      const expected = await recorded.read(`decoded.${frames}`);
      expect(samples.length).toBe(expected.length);
      const off = samples.map((sample, i) => Math.abs(sample - Math.max(-1, Math.min(1, expected[i]!))));
      expect(Math.max(...off)).toBeLessThan(1e-4);
    }
  });
});

describe('a model that speaks in the codes of another codec', () => {
  /** The rows of the audio port, cut to as many ids as the codec has. */
  async function cutPort(file: string, ids: number): Promise<void> {
    const reader = await openSafetensors(file);
    const tensors: TensorToWrite[] = [];
    for (const { name, shape } of reader.tensors.values()) {
      const rows = { 'ports.audio.embedding': ids, 'ports.audio.head.weight': ids + 1 }[name] ?? shape[0]!;
      const data = (await reader.read(name)).slice(0, rows * shape.slice(1).reduce((a, b) => a * b, 1));
      tensors.push({ name, dtype: 'F32', shape: [rows, ...shape.slice(1)], data });
    }
    await reader.close();
    await writeSafetensors(file, tensors);
  }

  it('takes the tokenizer along as its manifest describes it', async () => {
    const [codec, checkpoint, bundle] = ['codec', 'checkpoint', 'model'].map((name) => join(root, name));
    await compile(join(fixtures, 'mimi/grouped'), codec!, { codebooks: 3 });
    const { tokenizer, files } = (await openTokenizerBundle(codec!)).manifest;
    await cp(join(fixtures, 'sound'), checkpoint!, { recursive: true });
    for (const file of Object.keys(files)) await cp(join(codec!, file), join(checkpoint!, file));
    const config = JSON.parse(await readFile(join(checkpoint!, 'config.json'), 'utf8'));
    const { encoder: _, ...audio } = config.modalities[1];
    const use = { kind: 'plugin', ...tokenizer, files: Object.keys(files) };
    config.modalities[1] = { ...audio, size: 48, tokenizer: use };
    await writeFile(join(checkpoint!, 'config.json'), JSON.stringify(config));
    await cutPort(join(checkpoint!, 'decoder.safetensors'), 48);
    await compile(checkpoint!, bundle!);

    const pipeline = await createPipeline({ model: bundle!, plugins: [textPlugin(), audioPlugin()] });
    const answer = await pipeline.generate({
      content: ['a'],
      to: 'audio',
      options: { audio: { maxIds: 9 } },
    });
    const sound = answer.segments[0]?.content as SoundContent; // it was asked for
    expect([sound.modality, sound.rate]).toEqual(['audio', 6000]);
    expect(sound.samples.length % 24).toBe(0);
    await pipeline.close();
  });
});

async function* fromArray(ids: readonly number[]): AsyncGenerator<number> {
  yield* ids;
}
