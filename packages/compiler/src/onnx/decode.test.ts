import { mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeModel } from './decode.ts';
import { encodeModel } from './encode.ts';
import { GraphBuilder } from './graph.ts';
import type { Model } from './model.ts';
import { openModel } from './open.ts';
import { saveModel } from './save.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'onnx-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** Every kind of attribute, a left-out input, a constant inside and one beside. */
function example(): Model {
  const graph = new GraphBuilder('g');
  const x = graph.input('x', 'f32', ['n', 512]);
  const large = graph.initializer('large', 'f32', [512], () => new Float32Array(512).fill(1.5));
  const sizes = graph.integers([0, -1]);
  const attributes = { a: 3, b: { float: 1e-6 }, c: 'hi', d: [1, -1], e: [] };
  const y = graph.op('Clip', [x, undefined, large], attributes);
  graph.output(graph.op('Reshape', [y, sizes], {}, 'y'), 'i64', []);
  return graph.build();
}

const describeOnly = ({ initializers, ...rest }: Model) => ({
  ...rest,
  initializers: initializers.map(({ name, type, dims, bytes }) => ({ name, type, dims, bytes })),
});

describe('a model that was written', () => {
  test('comes back as it was, and is written with the same bytes', async () => {
    const [path, again] = [join(directory, 'a.onnx'), join(directory, 'b.onnx')];
    await saveModel(example(), path);
    const back = await openModel(path);
    const { nodes, ...rest } = describeOnly(example());
    const single = Math.fround(1e-6); // the format keeps 32 bits
    expect(describeOnly(back)).toEqual({
      ...rest,
      nodes: nodes.map((node) =>
        node.type === 'Clip' ? { ...node, attributes: { ...node.attributes, b: { float: single } } } : node,
      ),
    });
    await saveModel(back, again);
    const renamed = (await readFile(path)).toString('latin1').replaceAll('a.onnx.data', 'b.onnx.data');
    expect((await readFile(again)).toString('latin1')).toBe(renamed);
    expect(await readFile(`${again}.data`)).toEqual(await readFile(`${path}.data`));
  });

  test('is refused where its data ends early', async () => {
    const path = join(directory, 'short.onnx');
    await saveModel(example(), path);
    await truncate(`${path}.data`, 100);
    const large = (await openModel(path)).initializers.find(({ name }) => name === 'large')!;
    await expect(large.load()).rejects.toThrow(/BUNDLE_INVALID.*ends early/);
  });
});

describe('a file that another program wrote', () => {
  const bytes = (field: number, within: Uint8Array): Uint8Array =>
    new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(within).finish();

  test('is refused for what would be lost', () => {
    const sparse = bytes(7, bytes(15, new Uint8Array())); // GraphProto.sparse_initializer
    expect(() => decodeModel(sparse)).toThrow(/BUNDLE_INVALID.*field 15 of a graph/);
    const functions = bytes(25, new Uint8Array()); // ModelProto.functions
    expect(() => decodeModel(functions)).toThrow(/BUNDLE_INVALID.*field 25 of a model/);
  });

  test('is refused without a graph', () => {
    const empty = encodeModel({ name: '', inputs: [], outputs: [], nodes: [], initializers: [] }, []);
    expect(decodeModel(empty)).toMatchObject({ nodes: [], initializers: [] });
    expect(() => decodeModel(new Uint8Array())).toThrow(/BUNDLE_INVALID.*holds none/);
  });
});
