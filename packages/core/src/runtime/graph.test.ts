import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import type { Tensor } from '../contract/graph.ts';
import { AnyToAnyError, type ErrorCode } from '../errors.ts';
import { openDevice } from './device.ts';
import { openGraph } from './graph.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

function code(expected: ErrorCode) {
  return expect.toSatisfy((error: unknown) => AnyToAnyError.is(error, expected), `error ${expected}`);
}

describe.each(['native', 'javascript'] as const)('a graph on a %s device', async (kind) => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const device = await openDevice({ prefer: kind, threads: 1 });
  const linear = await openGraph(device, fixture('linear.onnx'));
  const rows = (...values: number[]): Tensor => ({
    data: new Float32Array(values),
    dims: [values.length / 3, 3],
  });

  it('takes and gives typed arrays of any number of rows', async () => {
    expect([linear.inputs, linear.outputs]).toEqual([['x'], ['y']]);
    expect(await linear.run({ x: rows(1, 2, 3, 4, 5, 6) })).toEqual({
      y: { data: new Float32Array([32, 48, 59, 84]), dims: [2, 2] },
    });
    expect(await linear.run({ x: rows(1, 0, 0) })).toEqual({
      y: { data: new Float32Array([11, 22]), dims: [1, 2] },
    });
  });

  it('gives outputs whose shape only the run knows', async () => {
    const found = await openGraph(device, fixture('found.onnx'));
    const places = async (...values: number[]) =>
      (await found.run({ x: { data: new Float32Array(values), dims: [values.length] } }))['places'];
    expect(await places(0, 2, 3, 0, 5)).toEqual({ data: new BigInt64Array([1n, 2n, 4n]), dims: [1, 3] });
    expect(await places(0, 0)).toEqual({ data: new BigInt64Array(0), dims: [1, 0] });
    expect(await places()).toEqual({ data: new BigInt64Array(0), dims: [1, 0] });
    found.close();
  });

  it('carries all integer types, from views into larger arrays too', async () => {
    const graph = await openGraph(device, fixture('types.onnx'));
    const data = {
      int8: new Int8Array([0, -128, 127, 0]).subarray(1, 3),
      uint8: new Uint8Array([9, 255, 0]).subarray(1),
      int32: new Int32Array([-(2 ** 31), 2 ** 31 - 1]),
      int64: new BigInt64Array([9n, -(2n ** 63n), 2n ** 63n - 1n]).subarray(1),
      bool: new Uint8Array([1, 0]),
    };
    const feeds = Object.fromEntries(
      Object.entries(data).map(([name, array]) => [name, { data: array, dims: [2] }]),
    );
    const results = await graph.run(feeds);
    for (const [name, array] of Object.entries(data)) {
      expect(results[`${name}_out`], name).toEqual({ data: array, dims: [2] });
    }
    graph.close();
  });

  it('queues concurrent calls', async () => {
    const calls = Array.from({ length: 20 }, (_, index) => linear.run({ x: rows(index, 0, 0) }));
    const results = await Promise.all(calls);
    expect(results.map(({ y }) => y?.data[0])).toEqual(Array.from({ length: 20 }, (_, index) => index + 10));
  });

  it('lets the caller write to feeds again at once, also to those of a call that waits', async () => {
    const x = rows(0, 0, 0);
    const calls = [1, 2, 3].map((first) => {
      x.data[0] = first;
      return linear.run({ x });
    });
    x.data[0] = 4;
    expect((await Promise.all(calls)).map(({ y }) => y?.data[0])).toEqual([11, 12, 13]);
  });

  it('gives arrays that later runs leave alone', async () => {
    const { y: first } = await linear.run({ x: rows(1, 0, 0) });
    await linear.run({ x: rows(2, 0, 0) });
    expect(first?.data).toEqual(new Float32Array([11, 22]));
  });

  it('refuses unknown, missing, misshapen and mistyped feeds, and goes on', async () => {
    const wrong = (feeds: Record<string, Tensor>) => expect(linear.run(feeds)).rejects;
    await wrong({ x: rows(1, 2, 3), z: rows(1, 2, 3) }).toThrow(code('OPTION_UNKNOWN'));
    await wrong({ x: {} as Tensor }).toThrow(code('SHAPE_MISMATCH'));
    await wrong({}).toThrow(code('SHAPE_MISMATCH'));
    await wrong({ x: { data: new Float32Array(4), dims: [2, 2] } }).toThrow(/\[rows, 3\].*\[2, 2\]/);
    await wrong({ x: { data: new Float32Array(3), dims: [3] } }).toThrow(code('SHAPE_MISMATCH'));
    await wrong({ x: { data: new Float32Array(4), dims: [1, 3] } }).toThrow(/3 elements, but 4 came/);
    await wrong({ x: { data: new Float32Array(3), dims: [-1, 3] } }).toThrow(code('SHAPE_MISMATCH'));
    await wrong({ x: { data: new Int32Array(3), dims: [1, 3] } }).toThrow(/float32.*Int32Array/);
    expect((await linear.run({ x: rows(0, 0, 0) }))['y']?.data).toEqual(new Float32Array([10, 20]));
  });

  it('does not begin what was stopped before', async () => {
    const stopped = AbortSignal.abort();
    await expect(linear.run({ x: rows(1, 2, 3) }, stopped)).rejects.toThrow(code('ABORTED'));
  });

  it('refuses float16 at the door', async () => {
    await expect(openGraph(device, fixture('half.onnx'))).rejects.toThrow(code('RUNTIME_FAILED'));
  });

  it('refuses to run after it was closed', async () => {
    const graph = await openGraph(device, fixture('linear.onnx'));
    graph.close();
    graph.close();
    await expect(graph.run({ x: rows(1, 2, 3) })).rejects.toThrow(code('RUNTIME_CLOSED'));
  });
});
