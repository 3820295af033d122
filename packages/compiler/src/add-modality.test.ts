import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createTokenSpace,
  type Device,
  type Manifest,
  openBundle,
  openDevice,
  type Run,
} from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addModality } from './add-modality.ts';
import { compile } from './compile.ts';
import type { DecoderPlan } from './families/any-to-any/decoder.ts';
import { planDecoder } from './families/any-to-any/family.ts';
import {
  fixtures,
  largestDifference,
  openFixture,
  recordedRuns,
  runSteps,
  temporaryDirectory,
} from './families/any-to-any/fixture.test.kit.ts';
import { growthTensors, type RandomGrowth, writeGrowth } from './families/any-to-any/growth.test.kit.ts';
import { openRunner } from './families/any-to-any/run.ts';
import { placeRuns } from './families/any-to-any/sequence.ts';
import { changeTensors } from './safetensors/change.test.kit.ts';
import { toFloat32 } from './safetensors/dtype.ts';

const melody: RandomGrowth = { name: 'melody', size: 5, buckets: 4, rank: 4 };
const stitches: RandomGrowth = { name: 'stitches', size: 3, buckets: 2, rank: 1 };

let temporary: Awaited<ReturnType<typeof temporaryDirectory>>;
let device: Device;
let plan: DecoderPlan;
let recorded: Run[];
const path = (name: string): string => join(temporary.path, name);

beforeAll(async () => {
  temporary = await temporaryDirectory();
  device = await openDevice();
  const fixture = await openFixture('all-on');
  plan = planDecoder(fixture.config);
  recorded = await recordedRuns(fixture);
  await compile(fixture.directory, path('plain'), { name: 'tiny' });
});
afterAll(async () => {
  device.close();
  await temporary.remove();
});

async function tableOf(bundle: string, { ports }: Manifest, port: string): Promise<Float32Array> {
  const { file, type } = ports[port]!.table!;
  return toFloat32(await readFile(join(bundle, file)), type === 'float16' ? 'F16' : 'F32');
}

/** Hidden states of the runs, one step, and the scores of `head` at every position. */
async function scores(bundle: string, runs: readonly Run[], head: string) {
  const { manifest } = await openBundle(bundle);
  const ports = Object.keys(manifest.ports);
  const tables = await Promise.all(
    ports.map(async (port) => [port, await tableOf(bundle, manifest, port)] as const),
  );
  const space = createTokenSpace(manifest.space);
  const positions = placeRuns(runs, { plan, space, tables: new Map(tables) });
  const runner = await openRunner(device, join(bundle, manifest.decoder.graph), plan, 'float32');
  const count = positions.modality.length;
  const hidden = await runSteps(runner, plan, positions, [count - 2, 1, 1]);
  const keys = runner.cache(1, 'key').slice();
  runner.close();
  const session = await device.openSession(join(bundle, manifest.ports[head]!.head!.graph));
  const { logits } = await session.evaluate({ hidden: { data: hidden, dims: [count, plan.width] } });
  session.close();
  return { hidden, keys, logits: logits!.data as Float32Array }; // the graph says float32
}

/** A melody between the segments that were recorded. */
function withMelody(bundle: Manifest): Run[] {
  const { region } = createTokenSpace(bundle.space);
  const { open, close } = region('melody');
  const layout = {
    kind: 'line',
    buckets: 4,
    bucket: (q: number, k: number) => Math.min(3, q - k),
    count: () => undefined,
  } as const;
  const mark = (id: number): Run => ({ port: 'marks', ids: Uint32Array.of(id) });
  const place = { segment: 9, start: 0, layout, shape: { kind: 'line' } } as const;
  const notes: Run = { port: 'melody', ids: Uint32Array.of(0, 4, 2, 2, 1), place };
  return [...recorded.slice(0, 4), mark(open), notes, mark(close), ...recorded.slice(4)];
}

describe.each([
  ['none', 'f32'],
  ['f16', 'f16'],
  ['int8', 'f16'],
  ['int4', 'f32'],
] as const)('a bundle of weights %s, tables %s', (quantize, tables) => {
  const before = () => path(`${quantize}-before`);
  const after = () => path(`${quantize}-after`);
  let manifest: Manifest;
  beforeAll(async () => {
    await compile(join(fixtures, 'all-on'), before(), { name: 'tiny', quantize, tables });
    const growth = await writeGrowth(path(`${quantize}-melody`), before(), melody);
    manifest = await addModality(growth, before(), { out: after() });
  });

  test('computes for its old modalities what it did, bit by bit', async () => {
    for (const head of ['text', 'image']) {
      const [old, grown] = [await scores(before(), recorded, head), await scores(after(), recorded, head)];
      expect(grown.hidden).toEqual(old.hidden);
      expect(grown.keys).toEqual(old.keys);
      expect(grown.logits).toEqual(old.logits);
    }
    const [old, grown] = [
      await scores(before(), recorded, 'marks'),
      await scores(after(), recorded, 'marks'),
    ];
    const ofKnownMarks = (logits: Float32Array): Float32Array =>
      logits.filter((_, i) => i % 32 !== 9 && i % 32 !== 10);
    expect(ofKnownMarks(grown.logits)).toEqual(ofKnownMarks(old.logits));
    expect(grown.logits).not.toEqual(old.logits);
  });

  test('keeps its other files, and its ids where they were', async () => {
    const { manifest: old } = await openBundle(before());
    const changed = Object.keys(old.files).filter(
      (file) => manifest.files[file]?.sha256 !== old.files[file]!.sha256,
    );
    expect(changed).toContain('decoder.onnx.data');
    expect(changed.filter((file) => !/^(decoder|marks)\./.test(file))).toEqual([]);
    expect(manifest.space.regions.slice(0, 2)).toEqual(old.space.regions);
    expect(manifest.space.regions[2]).toMatchObject({ modality: 'melody', offset: 64, size: 5 });
    expect(manifest.space.marks.names).toEqual([...old.space.marks.names, '<melody>', '</melody>']);
    expect(manifest.ports['text']).toEqual(old.ports['text']);
    expect(manifest.sampling['melody']).toEqual({ temperature: 0 });
    expect(manifest.attribution).toEqual([...old.attribution, 'melody by hand']);
    expect((await openBundle(after())).manifest).toEqual(manifest);
  });
});

describe('what is new', () => {
  test('is what the compiler makes of a checkpoint that holds the modality', async () => {
    const checkpoint = path('checkpoint');
    await cp(join(fixtures, 'all-on'), checkpoint, { recursive: true });
    const config = JSON.parse(await readFile(join(checkpoint, 'config.json'), 'utf8'));
    config.marks.push('<melody>', '</melody>');
    const use = { kind: 'plugin', plugin: 'melody-plugin', options: {}, files: [] };
    const layout = { kind: 'plugin', buckets: melody.buckets };
    config.modalities.push({
      name: 'melody',
      open: '<melody>',
      close: '</melody>',
      offset: 64,
      size: 5,
      layout,
      tokenizer: use,
    });
    await writeFile(join(checkpoint, 'config.json'), JSON.stringify(config));
    const added = new Map(growthTensors(melody, melody.size).map((tensor) => [tensor.name, tensor]));
    await changeTensors(join(checkpoint, 'decoder.safetensors'), (tensors) => [
      ...tensors.map((tensor) => {
        const values = toFloat32(tensor.data as Uint8Array, tensor.dtype); // as it was read
        const own = added.get(tensor.name.replace(/^ports\.marks\./, 'marks.'))?.data as
          | Float32Array
          | undefined;
        if (tensor.name.startsWith('ports.')) {
          if (own !== undefined) values.set(own, 9 * plan.width);
          return { ...tensor, dtype: 'F32' as const, data: values };
        }
        const perModality = /type\.(gate|embedding)|lora|head_scale\.bias|residual|buckets/.test(tensor.name);
        if (!perModality) return tensor;
        const row = values.length / tensor.shape[0]!;
        const more = own ?? new Float32Array(row);
        const shape = [tensor.shape[0]! + more.length / row, ...tensor.shape.slice(1)];
        return { ...tensor, dtype: 'F32' as const, shape, data: Float32Array.from([...values, ...more]) };
      }),
      { ...added.get('embedding')!, name: 'ports.melody.embedding' },
      { ...added.get('head.weight')!, name: 'ports.melody.head.weight' },
    ]);
    await compile(checkpoint, path('whole'), { name: 'tiny' });
    const growth = await writeGrowth(path('melody'), path('plain'), melody);
    const manifest = await addModality(growth, path('plain'), { out: path('grown') });
    for (const head of ['melody', 'marks', 'text']) {
      const whole = await scores(path('whole'), withMelody(manifest), head);
      const grown = await scores(path('grown'), withMelody(manifest), head);
      expect(largestDifference(grown.hidden, whole.hidden)).toBeLessThan(1e-5);
      expect(largestDifference(grown.logits, whole.logits)).toBeLessThan(1e-5);
    }
  });

  test('stays what it is when the bundle is grown again, in either order', async () => {
    const [first, second] = [
      await writeGrowth(path('first'), path('plain'), melody),
      await writeGrowth(path('second'), path('plain'), stitches),
    ];
    const alone = await addModality(first, path('plain'), { out: path('alone') });
    await addModality(first, path('plain'), { out: path('both') });
    await addModality(second, path('both'));
    await addModality(second, path('plain'), { out: path('turned') });
    const turned = await addModality(first, path('turned'));
    const expected = await scores(path('alone'), withMelody(alone), 'melody');
    expect(await scores(path('both'), withMelody(alone), 'melody')).toEqual(expected);
    expect(await scores(path('turned'), withMelody(turned), 'melody')).toEqual(expected);
  });

  test('needs no LoRA', async () => {
    const plain = { ...melody, rank: 0 };
    const tensors = growthTensors(plain, 3).filter(({ name }) => !name.includes('lora'));
    const growth = await writeGrowth(path('no-lora'), path('plain'), plain, {}, tensors);
    await addModality(growth, path('plain'), { out: path('without') });
    const [old, grown] = [
      await scores(path('plain'), recorded, 'text'),
      await scores(path('without'), recorded, 'text'),
    ];
    expect(grown).toEqual(old);
  });
});

describe('a growth that does not fit', () => {
  const refuse = async (changes: object, message: RegExp, bundle = path('plain')): Promise<void> => {
    const growth = await writeGrowth(path('wrong'), bundle, melody, changes);
    await expect(addModality(growth, bundle, { out: path('refused') })).rejects.toThrow(message);
  };

  test('is refused, and nothing is left', async () => {
    await refuse({ name: 'text' }, /OPTION_INVALID.*has text already/);
    await refuse({ open: '<txt>' }, /SPACE_INVALID.*Two marks share a name/);
    await refuse(
      { grownOn: { 'text.table.bin': '0' } },
      /CHECKPOINT_INVALID.*trained for another text.table.bin/,
    );
    await refuse({ size: 6 }, /CHECKPOINT_INVALID.*expected \[7, 48\], found \[6, 48\]/);
    await refuse({ loraRank: 0 }, /CHECKPOINT_INVALID.*lora.*belongs to nothing/);
    await refuse({ colour: 'red' }, /CHECKPOINT_INVALID.*colour/);
    const tokenizer = { kind: 'plugin', plugin: 'p', options: {}, files: ['text.tiktoken'] };
    await refuse({ tokenizer }, /CHECKPOINT_INVALID.*has a file of this name/);
    await refuse(
      { tokenizer: { ...tokenizer, files: ['none.txt'] } },
      /CHECKPOINT_INVALID.*none.txt.*cannot be read/,
    );
    const left = (await readdir(temporary.path)).filter((name) => /partial|refused/.test(name));
    expect(left).toEqual([]);
  });

  test('is refused by a decoder that knows no modalities', async () => {
    await compile(join(fixtures, 'all-off'), path('off'), { name: 'off' });
    await refuse({}, /OPTION_INVALID.*not told the modality/, path('off'));
  });

  test('does not take the place of other files', async () => {
    const growth = await writeGrowth(path('right'), path('plain'), melody);
    await expect(addModality(growth, path('plain'), { out: growth })).rejects.toThrow(
      /OPTION_INVALID.*neither empty nor a bundle/,
    );
  });
});
