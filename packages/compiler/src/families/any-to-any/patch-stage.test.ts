import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Device, openBundle, openDevice, type Session, type Tensor } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compile.ts';
import { saveModel } from '../../onnx/save.ts';
import { openSafetensors, type TensorReader } from '../../safetensors/file.ts';
import { openLedger } from '../ledger.ts';
import { fixtures, largestDifference, temporaryDirectory } from './fixture.test.kit.ts';
import { patchStageSchema, runOptions } from './patch-config.ts';
import { buildPatchStage } from './patch-stage.ts';

const directory = join(fixtures, 'patches');
let device: Device;
let session: Session;
let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
let cases: TensorReader;
let inputs: Record<string, Tensor>;
beforeAll(async () => {
  temporary = await temporaryDirectory();
  device = await openDevice({ threads: 1 });
  const { codes, ...config } = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8'));
  const reader = await openSafetensors(join(directory, 'image-patches.safetensors'));
  const ledger = openLedger(reader);
  const model = buildPatchStage({ ...patchStageSchema.parse(config), codes }, ledger.weights);
  ledger.check(); // the graph uses every tensor of the file
  const path = join(temporary.path, 'patches.onnx');
  await saveModel(model, path);
  await reader.close();
  session = await device.openSession(path);
  cases = await openSafetensors(join(directory, 'cases.safetensors'));
  const wholes = ['place', 'ids', 'double', 'quadruple'];
  const read = async (name: string): Promise<Tensor> => {
    const data = await cases.read(name);
    const whole = wholes.includes(name);
    return { data: whole ? Int32Array.from(data) : data, dims: cases.tensors.get(name)!.shape };
  };
  inputs = {};
  for (const name of ['draft', 'state', 'sigma', ...wholes]) inputs[name] = await read(name);
});
afterAll(async () => {
  session.close();
  device.close();
  await cases.close();
  await temporary.remove();
});

test.each(['sharp', 'twofold', 'fourfold'])('the patch stage agrees with PyTorch: %s', async (name) => {
  const outputs = await session.evaluate(inputs);
  expect(outputs[name]!.dims).toEqual(cases.tensors.get(name)!.shape);
  const expected = await cases.read(name);
  expect(largestDifference(outputs[name]!.data as Float32Array, expected)).toBeLessThan(1e-5); // the graph says float32
});

const few = (...patches: number[]): Tensor => ({ data: Int32Array.from(patches), dims: [patches.length] });

/** Patch `index` of the recorded batch, alone; enlarged as said. */
function only(index: number, double: Tensor, quadruple: Tensor): Record<string, Tensor> {
  const one = ({ data, dims }: Tensor): Tensor => {
    const size = data.length / dims[0]!;
    return { data: data.slice(index * size, (index + 1) * size), dims: [1, ...dims.slice(1)] };
  };
  const { double: _, quadruple: __, ...patches } = inputs;
  const alone = Object.entries(patches).map(([name, tensor]) => [name, one(tensor)]);
  return { ...Object.fromEntries(alone), double, quadruple };
}

/** Row `row` of an output. */
function rowOf({ data, dims }: Tensor, row: number): Float32Array {
  const size = data.length / dims[0]!;
  return (data as Float32Array).subarray(row * size, (row + 1) * size); // the graph says float32
}

test('a patch alone gives what it gives among others', async () => {
  const every = few(0, 1, 2, 3, 4);
  const together = await session.evaluate({ ...inputs, double: every, quadruple: every });
  for (const index of [0, 3]) {
    const alone = await session.evaluate(only(index, few(0), few(0)));
    for (const name of ['sharp', 'twofold', 'fourfold']) {
      const difference = largestDifference(rowOf(alone[name]!, 0), rowOf(together[name]!, index));
      expect(difference, name).toBeLessThan(2e-6);
    }
  }
});

test('what is not asked for is not enlarged', async () => {
  const outputs = await session.evaluate({ ...inputs, double: few(), quadruple: few() });
  expect([outputs['twofold']!.dims, outputs['fourfold']!.dims]).toEqual([
    [0, 3, 32, 32],
    [0, 3, 64, 64],
  ]);
  expect(outputs['sharp']).toEqual((await session.evaluate(inputs))['sharp']);
});

test('either head alone is the same head', async () => {
  const reader = await openSafetensors(join(directory, 'image-patches.safetensors'));
  const { codes, ...config } = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8'));
  const plan = { ...patchStageSchema.parse(config), codes };
  const both = await session.evaluate(inputs);
  const { double: _, quadruple: __, ...patches } = inputs;
  for (const [heads, feeds, names] of [
    ['sharp', patches, ['sharp']],
    ['large', inputs, ['twofold', 'fourfold']],
  ] as const) {
    const path = join(temporary.path, `${heads}.onnx`);
    await saveModel(buildPatchStage({ ...plan, heads }, openLedger(reader).weights), path);
    const one = await device.openSession(path);
    const outputs = await one.evaluate(feeds);
    one.close();
    expect(Object.keys(outputs).sort()).toEqual([...names].sort());
    for (const name of names) expect(outputs[name]).toEqual(both[name]);
  }
  await reader.close();
});

test('noise, place and ids each change the result', async () => {
  const before = (await session.evaluate(only(0, few(), few())))['sharp']!.data as Float32Array; // the graph says float32
  const changes: Record<string, Tensor> = {
    sigma: { data: Float32Array.of(0.1), dims: [1] },
    place: { data: Int32Array.of(1, 0), dims: [1, 2] },
    ids: { data: Int32Array.from({ length: 36 }, (_, i) => i % 16), dims: [1, 6, 6] },
  };
  for (const [name, tensor] of Object.entries(changes)) {
    const after = (await session.evaluate({ ...only(0, few(), few()), [name]: tensor }))['sharp']!.data;
    expect(largestDifference(after as Float32Array, before), name).toBeGreaterThan(1e-3); // likewise
  }
});

test('what is known comes from the memory, whatever was drawn', async () => {
  const black = {
    data: new Float32Array(inputs['draft']!.data.length).fill(-1),
    dims: inputs['draft']!.dims,
  };
  const [as, other] = [await session.evaluate(inputs), await session.evaluate({ ...inputs, draft: black })];
  const still = (name: string, row: number): number => {
    const [a, b] = [rowOf(as[name]!, row), rowOf(other[name]!, row)];
    return a.filter((value, at) => Math.abs(value - b[at]!) < 1e-6).length / a.length;
  };
  expect(still('fourfold', 0)).toBeGreaterThan(0.2); // patch 3, known
  expect(still('fourfold', 1)).toBe(0); // patch 1, unknown
});

test('the config names what the adapter needs and refuses the rest', () => {
  const config = {
    kind: 'patches',
    width: 12,
    hidden: 20,
    blocks: 2,
    condition: 10,
  };
  const run = { schedule: { kind: 'log-linear', from: 0.5, to: 0.05, steps: 3 }, scale: 2, delay: 0.25 };
  const parsed = patchStageSchema.parse({ ...config, places: 4, ...run });
  expect(runOptions(parsed)).toEqual(run);
  expect(patchStageSchema.safeParse({ ...config, places: 4, ...run, scale: 3 }).success).toBe(false);
  expect(patchStageSchema.safeParse({ ...config, places: 4, ...run, memory: { rows: 4 } }).success).toBe(
    false,
  );
  expect(patchStageSchema.safeParse({ ...config, places: 4, ...run, seams: 1 }).success).toBe(false);
});

describe('a checkpoint with a patch stage', () => {
  /** A whole checkpoint whose pictures are refined like this, and the stage's weights beside it. */
  async function checkpointWith(name: string, adapters: readonly unknown[]): Promise<string> {
    const path = join(temporary.path, name);
    await cp(join(fixtures, 'all-on'), path, { recursive: true });
    await cp(join(directory, 'image-patches.safetensors'), join(path, 'image-patches.safetensors'));
    const config = JSON.parse(await readFile(join(path, 'config.json'), 'utf8'));
    for (const modality of config.modalities) if (modality.name === 'image') modality.adapters = adapters;
    await writeFile(join(path, 'config.json'), JSON.stringify(config));
    return path;
  }
  const stage = async () => {
    const { codes: _, ...config } = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8'));
    return config;
  };

  test('becomes a bundle whose manifest names the adapters, in order', async () => {
    const grain = { kind: 'plugin', plugin: 'adapter-grain', options: { iso: 400 }, files: ['grain.bin'] };
    const from = await checkpointWith('refined', [{ ...(await stage()), previews: 0 }, grain]);
    const out = join(temporary.path, 'refined-bundle');
    await expect(compile(from, out)).rejects.toThrow(/CHECKPOINT_INVALID.*grain.bin/);
    await writeFile(join(from, 'grain.bin'), 'film');
    await compile(from, out);
    const { manifest } = await openBundle(out);
    expect(manifest.ports['image']?.adapters).toEqual([
      {
        plugin: '@any-to-any/adapter-denoise',
        options: {
          kind: 'patches',
          side: 16,
          halo: 4,
          factor: 8,
          codes: 16,
          schedule: { kind: 'log-linear', from: 0.5, to: 0.05, steps: 3 },
          scale: 2,
          previews: 0,
          graph: 'image-patches.onnx',
        },
      },
      { plugin: 'adapter-grain', options: { iso: 400 } },
    ]);
    expect(Object.keys(manifest.files)).toEqual(expect.arrayContaining(['image-patches.onnx', 'grain.bin']));
  });

  test('is refused with two stages, or weights of another size', async () => {
    const out = join(temporary.path, 'refused-bundle');
    const twice = await checkpointWith('twice', [await stage(), await stage()]);
    await expect(compile(twice, out)).rejects.toThrow(/CHECKPOINT_INVALID.*image: expected one patch stage/);
    const wider = await checkpointWith('wider', [{ ...(await stage()), places: 7 }]);
    await expect(compile(wider, out)).rejects.toThrow(/CHECKPOINT_INVALID.*"row.weight": expected \[7, 10\]/);
  });
});
