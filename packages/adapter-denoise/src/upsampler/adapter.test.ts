import type { Delta, Graph, ImageContent, ImageDelta } from '@any-to-any/core';
import { adapterSuite, drain, expectCode, iterate } from '@any-to-any/core/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { denoiseAdapter } from '../adapter.ts';
import {
  fixtureGraph,
  joined,
  options,
  patchesOf,
  patchOf,
  randomOf,
  somePicture,
} from '../fixtures.test.kit.ts';
import { enlarge } from '../lanczos.ts';
import type { UpsamplerOptions } from '../options.ts';
import { passesOf, upsamplerAdapter } from './adapter.ts';
import { fakeUpsampler, streamed, upsampler, upsamplerGraph, wholeUpsampled } from './fixtures.test.kit.ts';

const shape = { kind: 'grid', rows: 8, columns: 8 } as const;
let graph: Graph;
beforeAll(async () => {
  graph = await upsamplerGraph();
});

async function adapt(
  deltas: readonly Delta[],
  changes: Partial<UpsamplerOptions> = {},
  upscale?: number,
  used: Graph = graph,
): Promise<ImageDelta[]> {
  const adapter = upsamplerAdapter({ options: { ...upsampler, ...changes }, graph: used });
  return (await drain(adapter.adapt(iterate(deltas), { shape, upscale }))) as ImageDelta[]; // pictures went in
}

/** Levels of 8 bits by which two pictures differ most. */
function difference(actual: Uint8Array, expected: Uint8Array): number {
  expect(actual.length).toBe(expected.length);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(value - actual[i]!)), 0);
}

const subject = {
  create: async () => upsamplerAdapter({ options: upsampler, graph }),
  shape,
  deltas: streamed(64, 48),
  join: (deltas: readonly Delta[]) =>
    ({ modality: 'image', width: 128, height: 96, data: joined(deltas) }) as ImageContent,
};
for (const { name, run } of adapterSuite(subject)) test(name, run);

describe.each([
  [2, 1],
  [4, 2],
] as const)('enlarged %s times', (upscale, passes) => {
  test('tiles that see enough equal the whole picture in one run', async () => {
    const expected = await wholeUpsampled(graph, somePicture(64, 48), passes);
    expect(difference(joined(await adapt(streamed(64, 48), {}, upscale)), expected)).toBeLessThanOrEqual(1);
  });

  test('in any order, with drafts lost and stale ones late, the picture is the same', async () => {
    const expected = joined(await adapt(streamed(64, 48), {}, upscale));
    for (let seed = 1; seed <= 3; seed++) {
      const random = randomOf(seed);
      const left = streamed(64, 48).filter(({ revision }) => revision === 1 || random() < 0.6);
      const order = left.map((delta) => ({ delta, at: random() })).sort((a, b) => a.at - b.at);
      const deltas = order.map(({ delta }) => delta);
      expect(difference(joined(await adapt(deltas, {}, upscale)), expected)).toBe(0);
    }
  });

  test('revisions rise, noise falls, and everything ends without', async () => {
    const sent = await adapt(streamed(64, 48), {}, upscale);
    const last = new Map<number, ImageDelta>();
    for (const delta of sent) {
      const times = delta.width / 64;
      for (let index = 0; index < 12; index++) {
        const [x, y] = [(index % 4) * 16 * times, Math.floor(index / 4) * 16 * times];
        const { rectangle } = delta;
        const across = rectangle.x < x + 16 * times && rectangle.x + rectangle.width > x;
        const down = rectangle.y < y + 16 * times && rectangle.y + rectangle.height > y;
        if (!across || !down) continue;
        const before = last.get(index);
        if (before !== undefined) {
          expect(delta.revision).toBeGreaterThan(before.revision);
          // Between two enlargements, and at the end, a patch may come again as sharp: in several tiles.
          expect(delta.sigma <= before.sigma).toBe(true);
        }
        last.set(index, delta);
      }
    }
    expect(last.size).toBe(12);
    for (const delta of last.values()) expect([delta.sigma, delta.width]).toEqual([0, 64 * upscale]);
  });
});

test('tiles that see too little are near the whole, but not it', async () => {
  const expected = await wholeUpsampled(graph, somePicture(64, 48), 1);
  const near = difference(joined(await adapt(streamed(64, 48), { overlap: 8 })), expected);
  const far = difference(joined(await adapt(streamed(64, 48), { overlap: 0 })), expected);
  expect(near).toBeGreaterThan(0);
  expect(far).toBeGreaterThan(near);
});

test('a picture that one tile sees is one run, at any size', async () => {
  for (const [width, height] of [
    [30, 17],
    [16, 2],
    [1, 1],
  ] as const) {
    const picture = somePicture(width, height);
    const { graph: fake, sizes } = fakeUpsampler();
    const sent = await adapt(patchesOf(picture, 0, 0), {}, 2, fake);
    expect(sizes).toEqual([`${width === 1 ? 4 : width} × ${height < 3 ? 4 : height}`]);
    const twice = (i: number): number => {
      const [pixel, channel] = [Math.floor(i / 4), i % 4];
      const [y, x] = [Math.floor(pixel / (2 * width) / 2), Math.floor((pixel % (2 * width)) / 2)];
      return channel === 3 ? 255 : picture.data[4 * (y * width + x) + channel]!;
    };
    expect(joined(sent)).toEqual(Uint8Array.from({ length: 16 * width * height }, (_, i) => twice(i)));
  }
});

test('each patch goes out at once, as large as it will be, by Lanczos', async () => {
  const [patch] = patchesOf(somePicture(16, 16), 0, 0.5);
  const [first] = await adapt([patch!], {}, 4);
  expect(first).toMatchObject({ width: 64, height: 64, revision: 0, sigma: 0.5 });
  expect(first!.rectangle).toEqual({ x: 0, y: 0, width: 64, height: 64 });
  const window = Float32Array.from({ length: 3 * 22 * 22 }, (_, i) => {
    const [y, x] = [Math.floor(i / 22) % 22, i % 22].map((at) => Math.max(0, Math.min(15, at! - 3)));
    return patch!.data[4 * (y! * 16 + x!) + Math.floor(i / 484)]! / 127.5 - 1;
  });
  const large = enlarge(window, 16, 3, 4);
  const expected = Uint8Array.from({ length: 64 * 64 * 4 }, (_, i) => {
    const value = (large[(i % 4) * 4096 + Math.floor(i / 4)]! + 1) * 127.5;
    return i % 4 === 3 ? 255 : Math.max(0, Math.min(255, Math.round(value)));
  });
  expect(first!.data).toEqual(expected);
});

test('a patch that comes again changes what sees it, and nothing else runs again', async () => {
  const { graph: fake, sizes } = fakeUpsampler();
  const picture = somePicture(96, 96);
  const source = async function* (): AsyncGenerator<Delta> {
    yield* patchesOf(picture, 0, 0);
    while (sizes.length < 144) await new Promise((resolve) => setTimeout(resolve, 1));
    yield* patchesOf(picture, 1, 0); // the same once more
    yield patchOf(somePicture(96, 96, 9), 0, 0, 2, 0);
  };
  const adapter = upsamplerAdapter({ options: upsampler, graph: fake });
  await drain(adapter.adapt(source(), { shape }));
  // The 16 px of the patch, and 12 more that see it: four tiles a side.
  expect(sizes.length).toBe(144 + 16);
});

test('no tile goes through the network before all it sees is exact', async () => {
  const { graph: fake, sizes } = fakeUpsampler();
  await adapt(streamed(64, 48), {}, 2, fake);
  expect(sizes.length).toBe(8 * 6);
});

test('of a picture that breaks off, what came is finished at full size', async () => {
  const { graph: fake } = fakeUpsampler();
  const [patch] = patchesOf(somePicture(96, 96), 0, 0);
  const sent = await adapt([patch!], {}, 4, fake);
  const area = sent
    .filter(({ sigma, width }) => sigma === 0 && width === 384)
    .reduce((sum, { rectangle }) => sum + rectangle.width * rectangle.height, 0);
  expect(area).toBe(64 * 64);
});

test('what never came is left out, and the rest is finished', async () => {
  const some = patchesOf(somePicture(64, 48), 0, 0).filter((_, i) => i !== 5);
  const { graph: fake } = fakeUpsampler();
  const sent = await adapt(some, {}, 4, fake);
  const final = sent.filter(({ sigma }) => sigma === 0);
  const area = final.reduce((sum, { rectangle }) => sum + rectangle.width * rectangle.height, 0);
  expect(area).toBe(16 * (64 * 48 - 256));
  const inside = ({ rectangle: { x, y, width, height } }: ImageDelta): boolean =>
    x < 128 && x + width > 64 && y < 128 && y + height > 64;
  expect(final.filter(inside)).toEqual([]);
});

test('a whole picture in one delta goes on as it came, and becomes the same', async () => {
  const { data, width, height } = somePicture(64, 48);
  const rectangle = { x: 0, y: 0, width, height };
  const whole: ImageDelta = { modality: 'image', width, height, rectangle, data, revision: 0, sigma: 0 };
  const [first, ...others] = await adapt([whole]);
  expect(first).toMatchObject({ rectangle, data, sigma: 0.002 });
  expect(joined(others)).toEqual(joined(await adapt(patchesOf(somePicture(64, 48), 0, 0))));
});

test('after a patch stage, what it sharpened is enlarged', async () => {
  const stage = denoiseAdapter({ ...options, scale: 2 }, await fixtureGraph());
  const picture = somePicture(64, 48);
  const sharp = await drain(stage.adapt(iterate(patchesOf(picture, 0, 0)), { shape, upscale: 1 }));
  const expected = await wholeUpsampled(graph, { ...picture, data: joined(sharp) }, 1);
  const both = upsamplerAdapter({ options: upsampler, graph }, stage);
  const sent = (await drain(both.adapt(iterate(patchesOf(picture, 0, 0)), { shape }))) as ImageDelta[]; // pictures went in
  expect(difference(joined(sent), expected)).toBeLessThanOrEqual(1);
  expect(new Set(sent.map(({ width }) => width))).toEqual(new Set([128]));
  const steps = new Set(sent.map(({ sigma }) => sigma));
  expect(steps.size).toBeGreaterThanOrEqual(4); // the noise of the stage's steps, then Lanczos, then none
  expect(await drain(both.adapt(iterate(patchesOf(picture, 0, 0)), { shape, upscale: 1 }))).toEqual(sharp);
});

test('a network that only repairs keeps the size', async () => {
  const { graph: doubling } = fakeUpsampler();
  const repairing: Graph = { ...doubling, run: async ({ image }) => ({ large: image! }) };
  const sent = await adapt(streamed(64, 48), { scale: 1 }, undefined, repairing);
  expect(joined(sent)).toEqual(Uint8Array.from(somePicture(64, 48).data));
  expect(new Set(sent.map(({ width }) => width))).toEqual(new Set([64]));
});

test('how often a network runs', async () => {
  expect([2, 4, 3, 8, 1].map((scale) => passesOf(scale, undefined))).toEqual([1, 1, 1, 1, 1]);
  expect([2, 4, 3].map((scale) => passesOf(scale, 1))).toEqual([0, 0, 0]);
  expect([passesOf(2, 2), passesOf(2, 4), passesOf(4, 4), passesOf(2, 8)]).toEqual([1, 2, 1, 3]);
  for (const [scale, upscale] of [
    [3, 4],
    [4, 2],
    [8, 4],
    [2, 3],
    [1, 2],
  ] as const)
    await expectCode(async () => passesOf(scale, upscale), 'OPTION_INVALID');
  const same = streamed(64, 48);
  expect(await adapt(same, {}, 1)).toEqual(same);
});

test('refuses what it cannot do', async () => {
  const [patch] = patchesOf(somePicture(64, 48), 0, 0.5);
  await expectCode(() => adapt([patch!], {}, 3), 'OPTION_INVALID');
  await expectCode(() => adapt([patch!, { ...patch!, width: 32 } as Delta]), 'CONTENT_INVALID');
  await expectCode(() => adapt([{ ...patch!, data: new Uint8Array(3) } as Delta]), 'CONTENT_INVALID');
  await expectCode(() => adapt([{ ...patch!, sigma: Number.NaN } as Delta]), 'CONTENT_INVALID');
  await expectCode(() => adapt([{ ...patch!, width: 0.5 } as Delta]), 'CONTENT_INVALID');
  const rectangle = { x: 8, y: 0, width: 16, height: 16 };
  await expectCode(() => adapt([{ ...patch!, rectangle } as Delta]), 'CONTENT_INVALID');
  await expectCode(() => adapt(streamed(64, 48), { scale: 4 }), 'SHAPE_MISMATCH');
});
