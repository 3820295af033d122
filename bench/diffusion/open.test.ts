import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bundle, type ImageContent, locateBundle, openBundle, openDevice } from '@any-to-any/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { autoregressiveCosts, idsDrawn, latentCosts } from '../baseline/costs.ts';
import { type Lowered, lowerBaseline } from './lower/lower.ts';
import { type Baseline, type DrawOptions, imageOptionsOf, openBaseline } from './open.ts';

const weights = join(import.meta.dirname, 'weights');
const device = await openDevice({ threads: 1 });
let folder: string;
let bundle: Bundle;
let lowered: Lowered;
let baseline: Baseline;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'baseline-shipped-'));
  bundle = await openBundle(locateBundle('@any-to-any/model-emoji', import.meta.url));
  lowered = await lowerBaseline(weights, folder);
  baseline = await openBaseline({ ...lowered, bundle }, device);
});
afterAll(async () => {
  baseline.close();
  device.close();
  await rm(folder, { recursive: true });
});

async function drawn(words: string, options: DrawOptions): Promise<ImageContent[]> {
  const pictures: ImageContent[] = [];
  for await (const picture of baseline.draw(words, options)) pictures.push(picture);
  return pictures;
}

test('the shipped baseline draws the background it is asked for', async () => {
  const [picture] = await drawn('a dog on a blue background', { seed: 3, steps: 10 });
  expect([picture!.width, picture!.height]).toEqual([64, 64]);
  const [red, green, blue] = picture!.data; // the pixel in the corner
  expect(blue).toBeGreaterThan(red! + 60);
  expect(blue).toBeGreaterThan(green! + 30);
});

test('previews are one per step, and the last picture is the same without them', async () => {
  const shown = await drawn('a dog', { seed: 3, steps: 4, previews: true });
  expect(shown.length).toBe(4);
  expect(await drawn('a dog', { seed: 3, steps: 4 })).toEqual([shown.at(-1)]);
  expect(shown[0]).not.toEqual(shown.at(-1));
  expect(await drawn('a dog', { seed: 4, steps: 4 })).not.toEqual([shown.at(-1)]);
});

test('a model with other codes is refused', () => {
  expect(() => imageOptionsOf(bundle, { ...lowered.plan, codes: 99 })).toThrow(
    /BUNDLE_INVALID.*99 image codes/,
  );
  const blind = { ...bundle, manifest: { ...bundle.manifest, ports: {} } };
  expect(() => imageOptionsOf(blind, lowered.plan)).toThrow(/BUNDLE_INVALID.*no image codes/);
});

test('what a picture costs grows as it should', async () => {
  const exact = await idsDrawn(bundle, device, 'exact');
  // Each id once at least; exact patches at most 1.75 times, drafts as much again.
  expect(exact).toBeGreaterThanOrEqual(64);
  expect(exact).toBeLessThanOrEqual(1.75 * 64);
  expect(await idsDrawn(bundle, device, 'draft')).toBeLessThanOrEqual(3.5 * 64);
  const of = (steps: number, previews: boolean) =>
    latentCosts(lowered, bundle, device, { words: 8, steps, previews, weights });
  const [four, eight, shown] = [await of(4, false), await of(8, false), await of(4, true)];
  const step = (eight.multiplyAdds - four.multiplyAdds) / 4;
  // Some 4 million weights; those of the middle are used at 16 places, in two rows.
  expect(step).toBeGreaterThan(50e6);
  expect(step).toBeLessThan(150e6);
  expect(four.multiplyAdds).toBeGreaterThan(4 * step);
  expect(shown.multiplyAdds).toBeGreaterThan(four.multiplyAdds);
  expect(shown.stateBytes).toBe(4 * (8 * 64 + 2 * 9 * 128));
  const work = { prefilled: 30, generated: 64 };
  const costs = await autoregressiveCosts(bundle, device, 'exact', work);
  // 94 positions, as the guide spares the second row, of 2 · 6 · 256 floats in the cache.
  expect(costs.stateBytes).toBe(94 * 2 * 6 * 256 * 4);
  // More than 5 million weights at every position, and less than twice that.
  expect(costs.multiplyAdds).toBeGreaterThan(94 * 4.5e6);
  expect(costs.multiplyAdds).toBeLessThan(94 * 10e6);
});
