import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSafetensors, writeSafetensors } from '@any-to-any/compiler';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyWith, type Fixture, fixtures, largestDifference, openFixture } from '../fixture.test.kit.ts';
import { sampleLatents } from '../sampler.ts';
import { lowerBaseline } from './lower.ts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture.close());

test('the words agree with PyTorch', async () => {
  const outputs = await fixture.graphs.words.run({ ids: await fixture.tensor('ids') });
  for (const name of ['context', 'gist']) {
    const expected = await fixture.tensor(name);
    expect(outputs[name]!.dims).toEqual(expected.dims);
    const difference = largestDifference(
      outputs[name]!.data as Float32Array,
      expected.data as Float32Array, // the graph says float32, so does the recording
    );
    expect(difference, name).toBeLessThan(1e-5);
  }
});

const inputs = ['noisy', 'time', 'context', 'gist'] as const;
const feeds = async () =>
  Object.fromEntries(
    await Promise.all(inputs.map(async (name) => [name, await fixture.tensor(name)] as const)),
  );

test('the denoiser agrees with PyTorch', async () => {
  const { v } = await fixture.graphs.denoiser.run(await feeds());
  const expected = await fixture.cases.read('v');
  expect(largestDifference(v!.data as Float32Array, expected)).toBeLessThan(1e-5); // the graph says float32
});

test('every input of the denoiser changes its result', async () => {
  const before = (await fixture.graphs.denoiser.run(await feeds()))['v']!.data as Float32Array;
  for (const name of inputs) {
    const all = await feeds();
    const { data, dims } = all[name]!;
    const moved = Float32Array.from(data as Float32Array, (value, i) => value + (i % 3) * 0.2); // all are floats
    const { v } = await fixture.graphs.denoiser.run({ ...all, [name]: { data: moved, dims } });
    expect(largestDifference(v!.data as Float32Array, before), name).toBeGreaterThan(1e-3);
  }
});

test('the nearest codes are those of PyTorch', async () => {
  const latents = await fixture.tensor('noisy');
  const { ids } = await fixture.graphs.nearest.run({ latents });
  expect([...(ids!.data as Int32Array)]).toEqual([...(await fixture.cases.read('nearest'))]); // the graph says int32
});

test('eight guided steps end where those of PyTorch do', async () => {
  const { plan, graphs, cases } = fixture;
  const ids = Uint32Array.from((await cases.read('ids')).subarray(0, 7));
  const noise = (await cases.read('noisy')).slice(0, plan.codeWidth * plan.grid ** 2);
  const steps: Float32Array[] = [];
  const options = { ids, noise, steps: 8, guidance: plan.guidance };
  for await (const clean of sampleLatents(graphs, plan, options)) steps.push(clean);
  expect(steps.length).toBe(8);
  expect(largestDifference(steps[0]!, steps[7]!)).toBeGreaterThan(0.1);
  expect(largestDifference(steps[7]!, await cases.read('drawn'))).toBeLessThan(1e-4);
});

test('no words at all are words that say nothing', async () => {
  const { plan, graphs } = fixture;
  const noise = new Float32Array(plan.codeWidth * plan.grid ** 2).fill(0.5);
  const drawn = async (ids: Uint32Array, guidance: number) => {
    let last: Float32Array = noise;
    for await (const clean of sampleLatents(graphs, plan, { ids, noise, steps: 2, guidance })) last = clean;
    return last;
  };
  expect(await drawn(new Uint32Array(), 4)).toEqual(await drawn(Uint32Array.of(plan.words), 1));
});

test('a signal stops the sampler', async () => {
  const { plan, graphs } = fixture;
  const noise = new Float32Array(plan.codeWidth * plan.grid ** 2);
  const stop = new AbortController();
  const steps = sampleLatents(graphs, plan, {
    ids: Uint32Array.of(1),
    noise,
    steps: 5,
    guidance: 1,
    signal: stop.signal,
  });
  await steps.next();
  stop.abort();
  await expect(steps.next()).rejects.toThrow(/ABORTED/);
});

test('weights that do not fit are refused', async () => {
  const broken: [what: string, config: (config: Record<string, unknown>) => unknown, message: RegExp][] = [
    ['another width', (config) => ({ ...config, fine: 12 }), /CHECKPOINT_INVALID.*expected \[12, 4, 3, 3\]/],
    [
      'a layer too few',
      (config) => ({ ...config, layers: 1 }),
      /CHECKPOINT_INVALID.*layers\.1.*belongs to nothing/,
    ],
    ['no guidance', ({ guidance: _, ...config }) => config, /CHECKPOINT_INVALID.*"guidance"/],
    ['half a head', (config) => ({ ...config, heads: 1.5 }), /CHECKPOINT_INVALID.*"heads".*whole/],
    ['something new', (config) => ({ ...config, depth: 3 }), /CHECKPOINT_INVALID.*"depth"/],
  ];
  for (const [what, change, message] of broken) {
    const from = await copyWith(change);
    await expect(lowerBaseline(from, from), what).rejects.toThrow(message);
    await rm(from, { recursive: true });
  }
});

test('weights without their scales, with a hole or cut short are refused', async () => {
  const whole = await openSafetensors(join(fixtures, 'diffusion.safetensors'));
  const tensors = await Promise.all(
    [...whole.tensors.values()].map(async ({ name, dtype, shape }) => ({
      name,
      dtype,
      shape,
      data: await whole.readBytes(name),
    })),
  );
  await whole.close();
  const scale = tensors.find(({ name }) => name.endsWith('.scale'))!;
  const half = tensors.find(({ dtype }) => dtype === 'F16')!;
  const from = await copyWith(() => undefined);
  const path = join(from, 'diffusion.safetensors');
  const write = (changed: typeof tensors) => writeSafetensors(path, changed);
  await write(tensors.filter((tensor) => tensor !== scale));
  await expect(lowerBaseline(from, from)).rejects.toThrow(/CHECKPOINT_INVALID.*is int8 and has no/);
  await write(
    tensors.map((tensor) =>
      tensor === scale ? { ...scale, shape: [1], data: scale.data.slice(0, 4) } : tensor,
    ),
  );
  await expect(lowerBaseline(from, from)).rejects.toThrow(/CHECKPOINT_INVALID.*\[1\] scales/);
  await write([...tensors, { ...scale, name: 'nothing.scale' }]);
  await expect(lowerBaseline(from, from)).rejects.toThrow(/CHECKPOINT_INVALID.*scale of no int8 tensor/);
  const infinite = half.data.slice();
  new DataView(infinite.buffer).setUint16(0, 0x7c00, true);
  await write(tensors.map((tensor) => (tensor === half ? { ...half, data: infinite } : tensor)));
  await expect(lowerBaseline(from, from)).rejects.toThrow(/CHECKPOINT_INVALID.*finite/);
  await writeFile(path, 'no weights');
  await expect(lowerBaseline(from, from)).rejects.toThrow(/CHECKPOINT_INVALID/);
  await rm(from, { recursive: true });
});
