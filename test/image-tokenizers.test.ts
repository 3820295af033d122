/**
 * VQGAN and DALL-E's dVAE from checkpoint to pictures, on their own: compiled, opened with the plugin, pixels → ids →
 * pixels, against what the reference makes of the same checkpoints.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile, openSafetensors, type TensorReader } from '@any-to-any/compiler';
import { type ImageContent, type ImageDelta, type OpenTokenizer, openTokenizer } from '@any-to-any/core';
import { drain, iterate } from '@any-to-any/core/testing';
import { imagePlugin } from '@any-to-any/tokenizer-image';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const fixtures = new URL('../packages/compiler/fixtures', import.meta.url).pathname;
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'any-to-any-image-tokenizers-'));
});
afterAll(() => rm(root, { recursive: true }));

let opened: OpenTokenizer<ImageContent, ImageDelta>;
let cases: TensorReader;
async function open(name: string): Promise<void> {
  const bundle = join(root, name);
  await compile(join(fixtures, name), bundle);
  opened = await openTokenizer({ bundle, plugins: [imagePlugin()] });
  cases = await openSafetensors(join(fixtures, name, 'cases.safetensors'));
}
afterEach(async () => {
  await opened.close();
  await cases.close();
});

/** `[3, height, width]`, each value made a byte → RGBA. */
async function picture(tensor: string, byte: (value: number) => number): Promise<ImageContent> {
  const [, height, width] = cases.tensors.get(tensor)!.shape as [number, number, number]; // a picture
  const planar = await cases.read(tensor);
  const data = new Uint8Array(width * height * 4).fill(255);
  planar.forEach((value, i) => {
    const plane = width * height;
    data[(i % plane) * 4 + Math.floor(i / plane)] = Math.max(0, Math.min(255, Math.round(byte(value))));
  });
  return { modality: 'image', width, height, data };
}

/** The largest difference in 8-bit levels. */
function levels(a: ImageContent, b: ImageContent): number {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  return a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i]!)), 0);
}

describe.each(['vqgan/taming', 'vqgan/diffusers'])('%s', (name) => {
  beforeEach(() => open(name));

  test('draws what the reference draws, whatever the grid', async () => {
    const [rows, columns] = cases.tensors.get('ids')!.shape as [number, number]; // a grid
    const ids = [...(await cases.read('ids'))];
    const { tokenizer } = opened;
    const deltas = await drain(tokenizer.decode(iterate(ids), { shape: { kind: 'grid', rows, columns } }));
    expect(deltas).toHaveLength(1); // all ids are there: no previews
    const expected = await picture('decoded', (value) => (value + 1) * 127.5);
    expect(levels(tokenizer.join(deltas), expected)).toBeLessThanOrEqual(1);
  });

  test('a picture becomes a whole grid of ids, and these a picture of its size', async () => {
    const { tokenizer } = opened;
    const { ids, shape } = await tokenizer.encode(await picture('picture', (value) => (value + 1) * 127.5));
    expect(shape).toEqual(tokenizer.shape());
    const image = tokenizer.join(await drain(tokenizer.decode(iterate(ids), { shape })));
    expect([image.width, image.height]).toEqual([16, 16]);
  });
});

describe('dall-e', () => {
  beforeEach(() => open('dall-e'));

  test('draws what the reference draws, and much of it before the last id', async () => {
    const shape = { kind: 'grid', rows: 26, columns: 3 } as const;
    const drawn = [...(await cases.read('drawn'))];
    let come = 0;
    const source = async function* () {
      for (const id of drawn) {
        come++;
        yield id;
      }
    };
    const deltas: ImageDelta[] = [];
    const early: ImageDelta[] = [];
    for await (const delta of opened.tokenizer.decode(source(), { shape })) {
      deltas.push(delta);
      if (delta.sigma === 0 && come < drawn.length) early.push(delta);
    }
    expect(early.length).toBeGreaterThan(0);
    const expected = await picture('pixels', (value) => value * 255);
    const exact = deltas.filter(({ sigma }) => sigma === 0);
    expect(exact).toHaveLength(drawn.length);
    expect(levels(opened.tokenizer.join(exact), expected)).toBeLessThanOrEqual(1);
    expect(levels(opened.tokenizer.join(deltas), expected)).toBeLessThanOrEqual(1);
  });

  test('reads what the reference reads', async () => {
    const { tokenizer, manifest } = opened;
    expect(manifest.tokenizer.options).toMatchObject({ kind: 'vq', halo: 12, block: 1 });
    const { ids, shape } = await tokenizer.encode(await picture('picture', (value) => value));
    expect(shape).toEqual({ kind: 'grid', rows: 26, columns: 3 });
    expect([...ids]).toEqual([...(await cases.read('ids'))]);
  });
});
