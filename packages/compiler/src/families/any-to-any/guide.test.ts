import { join } from 'node:path';
import { openBundle } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import { openSafetensors } from '../../safetensors/file.ts';
import { type Change, json, refusal, tensorEnding, tensors } from '../edited.test.kit.ts';
import { fixtures, temporaryDirectory } from './fixture.test.kit.ts';

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
});
afterAll(() => temporary.remove());

const name = 'ports.image.guide.weight';
/** The config says `guide` of the image port, or nothing. */
const described = (guide?: object): Change =>
  json('config.json', (config) => {
    const [text, { guide: _, ...image }] = config['modalities'] as [object, { guide?: object }];
    return { ...config, modalities: [text, { ...image, ...(guide && { guide }) }] };
  });

describe('a checkpoint with a guide', () => {
  test.each([
    ['f32', 4],
    ['f16', 2],
  ] as const)('becomes a table of %s beside the others', async (stored, bytes) => {
    const out = join(temporary.path, stored);
    await compile(join(fixtures, 'guide'), out, { tables: stored });
    const { manifest, read } = await openBundle(out);
    const type = stored === 'f16' ? 'float16' : 'float32';
    expect(manifest.ports['image']?.guide).toEqual({ file: 'image.guide.bin', type, scales: [1, 2, 4] });
    expect(manifest.ports['text']?.guide).toBeUndefined();
    const table = await read('image.guide.bin');
    expect(table.length).toBe(3 * 24 * bytes);
    if (stored === 'f16') return;
    const reader = await openSafetensors(join(fixtures, 'guide', 'decoder.safetensors'));
    expect(Buffer.compare(table, await reader.readBytes(name))).toBe(0);
    await reader.close();
  });

  test.each<[string, Change, RegExp]>([
    ['lacks its vectors', tensors(tensorEnding.missing(name), 'decoder.safetensors'), /guide\.weight/],
    [
      'has fewer vectors than scales',
      tensors(tensorEnding.changed(name, { shape: [2, 36] }), 'decoder.safetensors'),
      /expected \[3, 24\], found \[2, 36\]/,
    ],
    ['guides at scale 1', described({ scales: [0.5, 1, 2] }), /expected zeros at scale 1/],
    [
      'has scales that do not ascend',
      described({ scales: [1, 4, 2] }),
      /modalities\.1\.guide\.scales: expected scales that ascend and contain 1/,
    ],
    ['says nothing of it', described(), /belongs to nothing the config describes/],
  ])('that %s is refused', async (_, change, message) => {
    expect(await refusal(temporary.path, 'guide', change)).toMatch(message);
  });
});
