import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import type { Tensor } from '../contract/graph.ts';
import { AnyToAnyError, type ErrorCode } from '../errors.ts';
import { deferGraph } from './deferred-graph.ts';
import { openDevice } from './device.ts';
import { readGraphNames } from './graph-names.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const code = (expected: ErrorCode) =>
  expect.toSatisfy((error: unknown) => AnyToAnyError.is(error, expected), `error ${expected}`);
const rows = (...values: number[]): Tensor => ({
  data: new Float32Array(values),
  dims: [values.length / 3, 3],
});

describe.each(['native', 'javascript'] as const)('a deferred graph on a %s device', (kind) => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {});

  it('knows its names, opens nothing before it is run, and then gives the same', async () => {
    const device = openDevice({ prefer: kind, threads: 1 });
    const asked = vi.fn(() => device);
    const graph = await deferGraph(asked, fixture('linear.onnx'));
    expect([graph.inputs, graph.outputs]).toEqual([['x'], ['y']]);
    expect(asked).not.toHaveBeenCalled();
    const [first, second] = await Promise.all([
      graph.run({ x: rows(1, 2, 3) }),
      graph.run({ x: rows(1, 0, 0) }),
    ]);
    expect([first!['y']!.data, second!['y']!.data]).toEqual([
      new Float32Array([32, 48]),
      new Float32Array([11, 22]),
    ]);
    graph.close();
    await expect(graph.run({ x: rows(1, 0, 0) })).rejects.toEqual(code('RUNTIME_CLOSED'));
    (await device).close();
  });
});

it('a graph that cannot be opened says so when it is run, and may be run again', async () => {
  let closed = true;
  const device = await openDevice({ threads: 1 });
  const graph = await deferGraph(async () => {
    if (closed) throw new TypeError('not yet');
    return device;
  }, fixture('linear.onnx'));
  await expect(graph.run({ x: rows(1, 0, 0) })).rejects.toThrow('not yet');
  closed = false;
  expect((await graph.run({ x: rows(1, 0, 0) }))['y']!.dims).toEqual([1, 2]);
  device.close();
});

describe('names in a file', () => {
  const bytes = readFileSync(fixture('types.onnx'));

  it('of several inputs and outputs', () => {
    const { inputs, outputs } = readGraphNames(bytes, 'types.onnx');
    expect(inputs.toSorted()).toEqual(['bool', 'int32', 'int64', 'int8', 'uint8']);
    expect(outputs).toHaveLength(5);
  });

  it.each([
    ['an empty file', new Uint8Array(0)],
    ['half a file', bytes.subarray(0, bytes.length >> 1)],
    ['a number without an end', Uint8Array.of(0x80)],
    ['a text', new TextEncoder().encode('graph')],
  ])('%s is none', (_, broken) => {
    expect(() => readGraphNames(broken, 'x.onnx')).toThrow(code('RUNTIME_FAILED'));
  });
});
