import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDevice } from '@any-to-any/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeModel } from './encode.ts';
import { GraphBuilder } from './graph.ts';
import { modelBytes, saveModel } from './save.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'onnx-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** `y = x + 1`-like: one node, one constant of `length`. */
function addModel(length: number) {
  const graph = new GraphBuilder('add');
  const x = graph.input('x', 'f32', ['n', length]);
  const constant = graph.initializer('c', 'f32', [length], () => new Float32Array(length).fill(1.5));
  graph.output(graph.op('Add', [x, constant], {}, 'y'), 'f32', ['n', length]);
  return graph.build();
}

describe('bytes', () => {
  test('a model worked out by hand', () => {
    const graph = new GraphBuilder('g');
    const x = graph.input('x', 'f32', ['n', 2]);
    graph.output(
      graph.op('Clip', [x, undefined], { a: 3, b: { float: 1 }, c: 'hi', d: [1, -1] }, 'y'),
      'i64',
      [],
    );
    const attributes = [
      '2a08' + '0a0161' + '1803' + 'a00102', // a: i = 3, type INT
      '2a0b' + '0a0162' + '150000803f' + 'a00101', // b: f = 1, type FLOAT
      '2a0a' + '0a0163' + '22026869' + 'a00103', // c: s = "hi", type STRING
      '2a13' + '0a0164' + '4001' + '40ffffffffffffffffff01' + 'a00107', // d: ints = 1, −1, type INTS
    ];
    const node = [
      '0a0178',
      '1201' + '79',
      '1a06' + '436c69702f79',
      '2204' + '436c6970',
      ...attributes,
      '3a00',
    ].join('');
    const dims = '0a03' + '12016e' + '0a02' + '0802';
    const input = `5a14${'0a0178'}120f0a0d08011209${dims}`;
    const output = '620b' + '0a0179' + '1206' + '0a04' + '0807' + '1200';
    const body = `0a${(node.length / 2).toString(16)}${node}120167${input}${output}`;
    const hex = [
      '080a', // IR version 10
      '120a' + '616e792d746f2d616e79', // produced by any-to-any
      `3a${varint(body.length / 2)}${body}`,
      '4204' + '0a00' + '1015', // '' version 21
      '4211' + '0a0d636f6d2e6d6963726f736f6674' + '1001', // com.microsoft version 1
    ].join('');
    expect(Buffer.from(encodeModel(graph.build(), [])).toString('hex')).toBe(hex);
  });

  const varint = (value: number): string =>
    value < 128
      ? value.toString(16).padStart(2, '0')
      : ((value & 127) | 128).toString(16) + (value >> 7).toString(16).padStart(2, '0');
});

describe('saved models run', () => {
  test.each([
    ['constant inside', 4, ['add.onnx']],
    ['constant beside', 1000, ['add.onnx', 'add.onnx.data']],
  ])('%s', async (_, length, files) => {
    const path = join(directory, 'add.onnx');
    const written = await saveModel(addModel(length), path);
    expect(written).toEqual(files.map((file) => join(directory, file)));
    const device = await openDevice();
    const session = await device.openSession(path);
    const { y } = await session.evaluate({
      x: { data: new Float32Array(2 * length).fill(2), dims: [2, length] },
    });
    expect(y!.dims).toEqual([2, length]);
    expect(new Set(y!.data as Float32Array)).toEqual(new Set([3.5])); // the graph says float32
    device.close();
  });

  test('constants beside the model begin on pages', async () => {
    const graph = new GraphBuilder('pages');
    const a = graph.initializer('a', 'f32', [300], () => new Float32Array(300).fill(1));
    const b = graph.initializer('b', 'f32', [300], () => new Float32Array(300).fill(2));
    graph.output(graph.op('Add', [a, b], {}, 'y'), 'f32', [300]);
    await saveModel(graph.build(), join(directory, 'pages.onnx'));
    const data = await readFile(join(directory, 'pages.onnx.data'));
    expect(data.length).toBe(4096 + 1200);
    expect([data.readFloatLE(0), data.readFloatLE(1200), data.readFloatLE(4096)]).toEqual([1, 0, 2]);
  });

  test('what goes beside is not inside', async () => {
    const inside = await modelBytes(addModel(1000));
    await saveModel(addModel(1000), join(directory, 'small.onnx'));
    expect(inside.length).toBeGreaterThan(4000);
    expect((await readFile(join(directory, 'small.onnx'))).length).toBeLessThan(300);
  });
});

describe('the builder refuses', () => {
  test('a name twice', () => {
    const graph = new GraphBuilder('twice');
    graph.input('x', 'f32', []);
    expect(() => graph.input('x', 'f32', [])).toThrow(/OPTION_INVALID.*already has a value "x"/);
  });

  test('a constant asked for with two shapes', () => {
    const graph = new GraphBuilder('shapes');
    graph.floats('c', [2], [1, 2]);
    expect(graph.floats('c', [2], [1, 2])).toBe('c');
    expect(() => graph.floats('c', [1, 2], [1, 2])).toThrow(/SHAPE_MISMATCH/);
  });

  test('data that does not fill its shape', async () => {
    const graph = new GraphBuilder('short');
    const c = graph.floats('c', [3], [1, 2]);
    graph.output(c, 'f32', [3]);
    await expect(modelBytes(graph.build())).rejects.toThrow(/SHAPE_MISMATCH.*takes 12 bytes, its data has 8/);
  });
});
