import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Device,
  type EngineSequence,
  type LocalEngine,
  openBundle,
  openDevice,
  openGraph,
  type Run,
} from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CompileOptions } from '../../options.ts';
import { openSafetensors, type TensorReader } from '../../safetensors/file.ts';
import { fixtures, largestDifference, temporaryDirectory } from '../any-to-any/fixture.test.kit.ts';
import { openCompiled } from '../llama/fixture.test.kit.ts';
import { imageTable } from './vocabulary.ts';

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

interface Opened {
  readonly engine: LocalEngine;
  readonly cases: TensorReader;
  readonly out: string;
  /** Local ids of a port, by the vocabulary's. */
  readonly locals: Readonly<Record<'marks' | 'text' | 'image', ReadonlyMap<number, number>>>;
  close(): Promise<void>;
}

async function open(name: string, options: CompileOptions = {}): Promise<Opened> {
  const directory = join(fixtures, 'chameleon', name);
  const out = join(temporary.path, `${name}-${Object.values(options).join('-')}`);
  const engine = await openCompiled(device, directory, out, options);
  const cases = await openSafetensors(join(directory, 'cases.safetensors'));
  const { manifest } = await openBundle(out);
  const [text, image] = manifest.space.regions.map(
    ({ table }) => new Map(table!.map((id, local) => [id - manifest.space.marks.capacity, local])), // both have one
  );
  const { vocabulary_map: ids } = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8')) as {
    vocabulary_map: Record<string, number>;
  }; // as transformers writes it
  const marks = new Map([
    [ids['<racm3:break>']!, manifest.space.marks.names.indexOf('<img>')],
    [ids['<eoss>']!, manifest.space.marks.names.indexOf('</img>')],
    [ids['<s>']!, manifest.space.marks.names.indexOf('<s>')],
    [ids['</s>']!, manifest.space.marks.names.indexOf('</s>')],
  ]);
  const close = async () => {
    await engine.close();
    await cases.close();
  };
  return { engine, cases, out, locals: { marks, text: text!, image: image! }, close };
}

/** The recorded ids, each as a run of its port. */
async function runsOf({ cases, locals }: Opened): Promise<Run[]> {
  return Array.from(await cases.read('ids'), (id): Run => {
    const port = (['marks', 'image', 'text'] as const).find((one) => locals[one].has(id))!;
    return { port, ids: Uint32Array.of(locals[port].get(id)!) };
  });
}

async function scores(engine: LocalEngine, sequence: EngineSequence, runs: readonly Run[], head: string) {
  const [result] = await engine.append([{ sequence, runs, head }]);
  return result!.logits;
}

/** The largest difference of what a head scores, but for ids that close its segment. */
function difference(
  found: Float32Array,
  locals: ReadonlyMap<number, number>,
  expected: Float32Array,
): number {
  let largest = 0;
  for (const [id, local] of locals) {
    if (found[local]! > -1e29) largest = Math.max(largest, Math.abs(found[local]! - expected[id]!));
  }
  return largest;
}

describe.each(['mixed', 'swin'])('%s agrees with transformers', (name) => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open(name);
  });
  afterAll(() => opened.close());

  test('scores of text, pictures and marks, at once and one by one', async () => {
    const { engine, cases, locals } = opened;
    const runs = await runsOf(opened);
    const logits = await cases.read('logits');
    const size = logits.length / runs.length;
    const heads = name === 'mixed' ? (['text', 'image', 'marks'] as const) : (['text', 'marks'] as const);
    expect(new Set(runs.map(({ port }) => port))).toEqual(new Set(['marks', 'text', 'image']));
    for (const head of heads) {
      const found = await scores(engine, engine.open(), runs, head);
      expect(difference(found, locals[head], logits.subarray(-size))).toBeLessThan(1e-4);
    }
    const sequence = engine.open();
    for (const [index, run] of runs.entries()) {
      const found = await scores(engine, sequence, [run], 'text');
      const expected = logits.subarray(index * size, (index + 1) * size);
      expect(difference(found, locals.text, expected)).toBeLessThan(1e-4);
    }
  });

  test('the ids that follow greedily', async () => {
    const { engine, cases, locals } = opened;
    const sequence = engine.open();
    let found = await scores(engine, sequence, await runsOf(opened), 'text');
    const expected = Array.from(await cases.read('greedy'), (id) => locals.text.get(id) ?? found.length - 1);
    for (const id of expected) {
      const best = found.indexOf(Math.max(...found));
      expect(best).toBe(id);
      if (best === found.length - 1) break;
      found = await scores(engine, sequence, [{ port: 'text', ids: Uint32Array.of(best) }], 'text');
    }
  });

  test('codes of a picture', async () => {
    const graph = await openGraph(device, join(opened.out, 'image-encode.onnx'));
    const bytes = await opened.cases.read('picture');
    const side = Math.sqrt(bytes.length / 3);
    const data = new Float32Array(bytes.length);
    bytes.forEach((byte, i) => {
      data[(i % 3) * side * side + Math.floor(i / 3)] = byte * 0.0078 - 1;
    });
    const { ids } = await graph.run({ pixels: { data, dims: [1, 3, side, side] } });
    expect([...ids!.data]).toEqual([...(await opened.cases.read('picture.codes'))]);
    const found = Array.from(await opened.cases.read('picture.ids'), (id) => opened.locals.image.get(id));
    expect(found).toEqual([...ids!.data]);
  });
});

test('pixels of codes are those of the decoder that transformers leaves out', async () => {
  const { out, cases, close } = await open('mixed');
  const graph = await openGraph(device, join(out, 'image-decode.onnx'));
  const codes = await cases.read('drawn.codes');
  const side = Math.sqrt(codes.length);
  const { pixels } = await graph.run({ ids: { data: Int32Array.from(codes), dims: [1, side, side] } });
  const expected = await cases.read('drawn.pixels');
  expect(largestDifference(pixels!.data as Float32Array, expected)).toBeLessThan(1e-5); // it is float32
  await close();
});

describe('what is lost of random, so worst-case, weights', () => {
  test.each([
    ['int8', { quantize: 'int8' }, 0.15],
    ['int4', { quantize: 'int4' }, 2],
    ['an int8 cache', { kv: 'int8' }, 0.15],
  ] as const)('%s', async (_, options, bound) => {
    const opened = await open('mixed', options);
    const runs = await runsOf(opened);
    const logits = await opened.cases.read('logits');
    const found = await scores(opened.engine, opened.engine.open(), runs, 'text');
    const loss = difference(found, opened.locals.text, logits.subarray(-logits.length / runs.length));
    expect(loss).toBeLessThan(bound);
    expect(loss).toBeGreaterThan(1e-4);
    await opened.close();
  });
});

test('by hand: names of tokens spell codes', () => {
  const ids = { the: 9, IMGIMGAZ: 5, IMGIMGBZ: 3, IMGIMGCZ: 8, IMGIMGBAZ: 4 };
  expect(() => imageTable('config.json', ids, 4)).toThrow(
    /codes below 4, the codebook's size, found IMGIMGBAZ/,
  );
  expect(() => imageTable('config.json', ids, 11)).toThrow(/none for 7 of them, the first 3 \(IMGIMGDZ\)/);
  const all = Object.fromEntries(['A', 'B', 'C', 'D'].map((letter, i) => [`IMGIMG${letter}Z`, 40 - i]));
  expect(imageTable('config.json', all, 4)).toEqual([40, 39, 38, 37]);
});
