import { setImmediate } from 'node:timers/promises';
import type { Delta, Graph, ImageContent, ImageDelta } from '@any-to-any/core';
import { adapterSuite, drain, expectCode, iterate } from '@any-to-any/core/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { denoiseAdapter, lanczosAdapter } from './adapter.ts';
import {
  exactOf,
  expectSame,
  fakeGraph,
  fixtureGraph,
  joined,
  options,
  patchesOf,
  patchOf,
  randomOf,
  somePicture,
  streamed,
  wholePicture,
} from './fixtures.test.kit.ts';
import type { PatchesOptions } from './options.ts';

const shape = { kind: 'grid', rows: 8, columns: 8 } as const;
let graph: Graph;
beforeAll(async () => {
  graph = await fixtureGraph();
});

async function adapt(
  deltas: readonly Delta[],
  changes: Partial<PatchesOptions> = {},
  upscale?: number,
): Promise<ImageDelta[]> {
  const adapter = denoiseAdapter({ ...options, ...changes }, graph);
  return (await drain(adapter.adapt(iterate(deltas), { shape, upscale }))) as ImageDelta[]; // pictures went in
}

describe.each([
  ['denoise', () => denoiseAdapter({ ...options, scale: 2 }, graph)],
  ['lanczos', () => lanczosAdapter({ kind: 'lanczos', scale: 2 })],
])('%s passes the published suite', (_, create) => {
  const subject = {
    create: async () => create(),
    shape,
    deltas: streamed(64, 64),
    join: (deltas: readonly Delta[]) =>
      ({ modality: 'image', width: 128, height: 128, data: joined(deltas) }) as ImageContent,
  };
  for (const { name, run } of adapterSuite(subject)) test(name, run);
});

describe.each([1, 2, 4] as const)('enlarged %s times', (scale) => {
  test('every patch comes to what the whole picture comes to, whatever the schedule', async () => {
    const expected = await wholePicture(graph, exactOf(64, 48), scale);
    for (const changes of [
      { delay: 0 },
      { delay: 0.25, inFlight: 5 },
      { delay: 1, previews: 0 },
      { delay: 3, inFlight: 1 },
    ]) {
      expectSame(joined(await adapt(streamed(64, 48), { ...changes, scale })), expected);
    }
  });

  test('in any order, with drafts lost and stale ones late, the picture is the same', async () => {
    const expected = joined(await adapt(streamed(64, 64), { scale }));
    for (let seed = 1; seed <= 3; seed++) {
      const random = randomOf(seed);
      const left = streamed(64, 64).filter(({ revision }) => revision === 1 || random() < 0.6);
      const order = left.map((delta) => ({ delta, at: random() })).sort((a, b) => a.at - b.at);
      expectSame(
        joined(
          await adapt(
            order.map(({ delta }) => delta),
            { scale },
          ),
        ),
        expected,
      );
    }
  });

  test('revisions rise, noise falls, and each patch ends without', async () => {
    const sent = await adapt(streamed(64, 64), { scale });
    const last = new Map<string, ImageDelta>();
    for (const delta of sent) {
      const times = delta.width / 64;
      const { x, y } = delta.rectangle;
      const patch = `${Math.floor(x / times / 16)} ${Math.floor(y / times / 16)}`;
      const before = last.get(patch);
      if (before !== undefined) {
        expect(delta.revision).toBeGreaterThan(before.revision);
        expect(delta.sigma === 0 || delta.sigma < before.sigma).toBe(true);
        expect(delta.width).toBeGreaterThanOrEqual(before.width);
      }
      last.set(patch, delta);
    }
    expect(last.size).toBe(16);
    // Nothing was finished before its neighbours were exact, and so nothing twice.
    expect(sent.filter(({ sigma }) => sigma === 0).length).toBe(16);
    for (const delta of last.values()) expect([delta.sigma, delta.width]).toEqual([0, 64 * scale]);
  });
});

test('the order of steps is: draft, preview, steps, final', async () => {
  const [draft, exact] = [
    patchOf(somePicture(16, 16, 5), 0, 0, 0, 0.5),
    patchOf(somePicture(16, 16), 0, 0, 1, 0),
  ];
  const both = await adapt([draft, exact], { scale: 2 });
  // The exact patch came while its draft waited, so there is nothing to preview.
  expect(both.map(({ sigma, width }) => [Number(sigma.toFixed(3)), width])).toEqual([
    [0.5, 16],
    [0.158, 16],
    [0.05, 16],
    [0, 32],
  ]);
  const alone = await adapt([draft], { scale: 1, previews: 1 });
  expect(alone.map(({ sigma }) => Number(sigma.toFixed(3)))).toEqual([0.5, 0.158, 0.05, 0]);
});

test('a patch that comes again exact is refined again, with its neighbours', async () => {
  const again = { ...somePicture(64, 48, 9), ids: exactOf(64, 48).ids };
  const twice = [...streamed(64, 48), ...patchesOf(again, 2, 0)];
  expectSame(joined(await adapt(twice, { scale: 4 })), await wholePicture(graph, again, 4));
});

test('only the last step of a patch enlarges it', async () => {
  const seen: { sigma: number; enlarged: boolean }[] = [];
  const watching: Graph = {
    ...graph,
    run(feeds, signal) {
      const wanted = new Set(feeds['quadruple']!.data as Int32Array); // the adapter hands in whole numbers
      const sigmas = Array.from(feeds['sigma']!.data, Number);
      seen.push(...sigmas.map((sigma, patch) => ({ sigma, enlarged: wanted.has(patch) })));
      expect(feeds['double']!.data.length).toBe(0);
      return graph.run(feeds, signal);
    },
  };
  const adapter = denoiseAdapter({ ...options, scale: 4 }, watching);
  await drain(adapter.adapt(iterate(patchesOf(somePicture(64, 64), 0, 0)), { shape }));
  expect(seen.length).toBe(48);
  for (const { sigma, enlarged } of seen) expect(enlarged).toBe(Math.abs(sigma - 0.05) < 1e-6);
});

test('a patch that comes again is done again, as are those that see it', async () => {
  const { graph: still, steps } = fakeGraph();
  const adapter = denoiseAdapter({ ...options, schedule: { ...options.schedule, steps: 1 } }, still);
  const source = async function* (): AsyncGenerator<Delta> {
    yield* patchesOf(somePicture(64, 64), 0, 0);
    while (steps.flat().length < 16) await setImmediate();
    yield patchOf(somePicture(64, 64, 3), 0, 0, 2, 0);
  };
  await drain(adapter.adapt(source(), { shape }));
  expect(steps.flat().length).toBe(16 + 4);
});

test('what never came is left out, and the rest is finished', async () => {
  const some = patchesOf(exactOf(64, 64), 0, 0).filter((_, i) => i !== 5 && i !== 10);
  const sent = await adapt(some, { scale: 4 });
  expect(sent.filter(({ sigma, width }) => sigma === 0 && width === 256).length).toBe(14);
});

test('a patch that a step does not change goes on to its enlargement at once', async () => {
  const { graph: still, steps } = fakeGraph();
  const deltas = patchesOf(somePicture(64, 64), 0, 0);
  const adapter = denoiseAdapter({ ...options, stop: 1, scale: 2 }, still);
  const sent = (await drain(adapter.adapt(iterate(deltas), { shape }))) as ImageDelta[]; // pictures went in
  expect(steps.flat().filter((sigma) => Math.abs(sigma - 0.05) < 1e-6).length).toBe(16);
  expect(steps.flat().length).toBe(32); // of three steps, the middle one is left out
  expect(sent.filter(({ sigma, width }) => sigma === 0 && width === 128).length).toBe(16);
});

test('at its own size, a patch that a step does not change is finished after it', async () => {
  const { graph: still, steps } = fakeGraph();
  const deltas = patchesOf(somePicture(64, 64), 0, 0);
  const adapter = denoiseAdapter({ ...options, stop: 1 }, still);
  const sent = (await drain(adapter.adapt(iterate(deltas), { shape }))) as ImageDelta[]; // pictures went in
  expect(steps.flat().length).toBe(16);
  expect(sent.filter(({ sigma }) => sigma === 0).length).toBe(16);
  expectSame(joined(sent), somePicture(64, 64).data);
});

test('takes whole pictures and sizes that are no multiple of a patch', async () => {
  const picture = somePicture(40, 24);
  const { data, width, height, ids } = picture;
  const whole: ImageDelta = {
    ...{ modality: 'image', width, height, data, ids, revision: 0, sigma: 0 },
    rectangle: { x: 0, y: 0, width, height },
  };
  expectSame(
    joined(await adapt([whole], { scale: 2 })),
    joined(await adapt(patchesOf(picture, 0, 0), { scale: 2 })),
  );
});

test('a delta of many patches goes on as one, or as those that are newer', async () => {
  const [early, late] = [somePicture(40, 24), somePicture(40, 24, 2)];
  const whole = ({ data, ids }: typeof early, revision: number, sigma: number): ImageDelta => ({
    ...{ modality: 'image', width: 40, height: 24, data, ids, revision, sigma },
    rectangle: { x: 0, y: 0, width: 40, height: 24 },
  });
  const first = patchOf(late, 32, 0, 5, 0.5);
  const [one, ...others] = await adapt([first, whole(early, 1, 0.5)], { previews: 0 });
  expect(one).toMatchObject({ rectangle: first.rectangle, data: first.data });
  const drafts = others.filter(({ sigma }) => sigma === 0.5);
  expect(drafts.map(({ rectangle }) => [rectangle.x, rectangle.y])).toEqual([
    [0, 0],
    [16, 0],
    [0, 16],
    [16, 16],
    [32, 16],
  ]);
  expect(drafts.at(-1)!.data).toEqual(patchOf(early, 32, 16, 1, 0).data);
  expect((await adapt([whole(early, 1, 0.5)]))[0]).toEqual(whole(early, 0, 0.5));
  const mixed = [whole(early, 1, 0), patchOf(late, 32, 0, 5, 0)];
  expectSame(joined(await adapt(mixed)), joined(await adapt([...mixed].reverse())));
});

test('Lanczos in patches equals Lanczos of the whole', async () => {
  const { data, width, height } = somePicture(64, 48);
  const adapter = lanczosAdapter({ kind: 'lanczos', scale: 2 });
  const pieces = await drain(adapter.adapt(iterate(streamed(64, 48)), { shape }));
  const whole = { modality: 'image', width, height, data, revision: 0, sigma: 0 };
  const at = { ...whole, rectangle: { x: 0, y: 0, width, height } };
  expectSame(joined(pieces), joined(await drain(adapter.adapt(iterate([at]), { shape }))));
  const four = await drain(adapter.adapt(iterate([at]), { shape, upscale: 4 }));
  expect(joined(four).length).toBe(256 * 192 * 4);
  const same = streamed(64, 48);
  expect(await drain(adapter.adapt(iterate(same), { shape, upscale: 1 }))).toEqual(same);
});

test('takes as many steps as are asked for, down the same noise', async () => {
  const { graph: still, steps } = fakeGraph();
  const [patch] = patchesOf(somePicture(16, 16), 0, 0);
  const adapter = denoiseAdapter(options, still);
  for (const [asked, expected] of [
    [1, [0.5, 0]],
    [2, [0.5, 0.05, 0]],
    [4, [0.5, 0.232, 0.108, 0.05, 0]],
  ] as const) {
    steps.length = 0;
    const sent = await drain(adapter.adapt(iterate([patch!]), { shape, steps: asked }));
    expect(sent.map((delta) => Number((delta as ImageDelta).sigma.toFixed(3)))).toEqual(expected);
    expect(steps.length).toBe(asked);
  }
  const lanczos = lanczosAdapter({ kind: 'lanczos', scale: 2 });
  await expectCode(async () => lanczos.adapt(iterate([patch!]), { shape, steps: 2 }), 'OPTION_INVALID');
});

test('refuses what it cannot do', async () => {
  const [patch] = patchesOf(somePicture(64, 64), 0, 0.5);
  await expectCode(() => adapt([patch!], {}, 3), 'OPTION_INVALID');
  await expectCode(() => adapt([patch!, { ...patch!, width: 32 } as Delta]), 'CONTENT_INVALID');
  await expectCode(() => adapt([{ ...patch!, data: new Uint8Array(3) } as Delta]), 'CONTENT_INVALID');
  await expectCode(() => adapt([{ ...patch!, sigma: Number.NaN } as Delta]), 'CONTENT_INVALID');
  await expectCode(() => adapt([{ ...patch!, revision: -1 } as Delta]), 'CONTENT_INVALID');
  await expectCode(() => adapt([{ ...patch!, ids: Uint32Array.of(1) } as Delta]), 'CONTENT_INVALID');
  await expectCode(() => adapt([{ ...patch!, width: 0.5 } as Delta]), 'CONTENT_INVALID');
  const rectangle = { x: 8, y: 0, width: 16, height: 16 };
  await expectCode(() => adapt([{ ...patch!, rectangle } as Delta]), 'CONTENT_INVALID');
});
