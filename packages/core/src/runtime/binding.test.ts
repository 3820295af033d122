import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { AnyToAnyError, type ErrorCode } from '../errors.ts';
import { openDevice } from './device.ts';
import type { ElementType } from './interface.ts';
import { settle } from './javascript/binding.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

function code(expected: ErrorCode) {
  return expect.toSatisfy((error: unknown) => AnyToAnyError.is(error, expected), `error ${expected}`);
}

describe.each(['native', 'javascript'] as const)('a binding of a %s device', async (kind) => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const device = await openDevice({ prefer: kind, threads: 1 });

  /** x [2, 3] and y [2, 2] of y = x W + b, bound. */
  const openLinear = async () => {
    const session = await device.openSession(fixture('linear.onnx'));
    const memory = device.allocate(256);
    const x = device.tensor(memory, 'float32', [2, 3]);
    const y = device.tensor(memory, 'float32', [2, 2], 64);
    const binding = session.createBinding();
    binding.input('x', x);
    binding.output('y', y);
    return { session, memory, x, y, binding };
  };

  it('runs in place, again and again, with what was written in between', async () => {
    const { memory, binding } = await openLinear();
    const x = memory.view('float32', 0, 6);
    const y = memory.view('float32', 64, 4);
    x.set([1, 2, 3, 4, 5, 6]);
    await binding.run();
    expect([...y]).toEqual([32, 48, 59, 84]); // by hand: [1·1+2·3+3·5+10, …]
    x.fill(0);
    await binding.run();
    expect([...y]).toEqual([10, 20, 10, 20]);
  });

  it('can be bound anew, with another number of rows', async () => {
    const { memory, binding } = await openLinear();
    memory.view('float32').fill(1);
    binding.input('x', device.tensor(memory, 'float32', [1, 3]));
    binding.output('y', device.tensor(memory, 'float32', [1, 2], 128));
    await binding.run();
    expect([...memory.view('float32', 124, 4)]).toEqual([1, 19, 32, 1]);
    expect(memory.view('float32', 64, 1)[0]).toBe(1); // the old place is left alone
  });

  it('carries every element type, at any aligned offset and odd length', async () => {
    const session = await device.openSession(fixture('types.onnx'));
    const binding = session.createBinding();
    const memory = device.allocate(1001);
    const length = 7;
    const places: [ElementType, number, number][] = [
      ['int8', 1, 501],
      ['uint8', 9, 511],
      ['bool', 17, 521],
      ['int32', 100, 604],
      ['int64', 200, 704],
    ];
    for (const [type, from, to] of places) {
      binding.input(type, device.tensor(memory, type, [length], from));
      binding.output(`${type}_out`, device.tensor(memory, type, [length], to));
    }
    const numbers = [1, 0, 1, 100, 0, 1, 1];
    memory.view('int8', 1, length).set(numbers.map((number) => -number));
    memory.view('uint8', 9, length).set(numbers.map((number) => number * 2));
    memory.view('bool', 17, length).set([1, 0, 0, 1, 1, 0, 1]);
    memory.view('int32', 100, length).fill(-(2 ** 31));
    memory.view('int64', 200, length).fill(-(2n ** 63n));
    await binding.run();
    for (const [type, from, to] of places) {
      expect([...memory.view(type, to, length)], type).toEqual([...memory.view(type, from, length)]);
    }
  });

  it('carries float16 as raw bits', async () => {
    const session = await device.openSession(fixture('half.onnx'));
    const memory = device.allocate(64);
    const binding = session.createBinding();
    binding.input('x', device.tensor(memory, 'float16', [3]));
    binding.output('y', device.tensor(memory, 'float16', [3], 32));
    memory.view('float16').set([0x3c00, 0xc000, 0x0001]); // 1, −2, the smallest subnormal
    await binding.run();
    expect([...memory.view('float16', 32, 3)]).toEqual([0x4000, 0xc400, 0x0002]);
  });

  it('runs on nothing: zero rows', async () => {
    const { session } = await openLinear();
    const { y } = await session.evaluate({ x: { data: new Float32Array(0), dims: [0, 3] } });
    expect(y).toEqual({ data: new Float32Array(0), dims: [0, 2] });
  });

  it('refuses wrong names, types and shapes with both sides, and stays usable', async () => {
    const { memory, x, binding } = await openLinear();
    expect(() => binding.input('z', x)).toThrow(/no input "z".*It has: x/);
    expect(() => binding.input('z', x)).toThrow(code('OPTION_UNKNOWN'));
    expect(() => binding.output('x', x)).toThrow(code('OPTION_UNKNOWN'));
    expect(() => binding.input('x', device.tensor(memory, 'float32', [2, 4]))).toThrow(
      /\[rows, 3\].*\[2, 4\]/,
    );
    expect(() => binding.input('x', device.tensor(memory, 'int32', [2, 3]))).toThrow(code('SHAPE_MISMATCH'));
    expect(() => binding.output('y', device.tensor(memory, 'float32', [4]))).toThrow(code('SHAPE_MISMATCH'));
    // Fits what the graph declares, but not the rows of x: only the run can tell.
    binding.output('y', device.tensor(memory, 'float32', [3, 2], 64));
    await expect(binding.run()).rejects.toThrow(code('RUNTIME_FAILED'));
    binding.output('y', device.tensor(memory, 'float32', [2, 2], 64));
    memory.view('float32').fill(0);
    await binding.run();
    expect([...memory.view('float32', 64, 4)]).toEqual([10, 20, 10, 20]);
  });

  it('refuses to run with an input missing', async () => {
    const { session, y } = await openLinear();
    const binding = session.createBinding();
    binding.output('y', y);
    await expect(binding.run()).rejects.toThrow(code('SHAPE_MISMATCH'));
  });

  it('refuses a second run and rebinding while one is going', async () => {
    const { binding, x } = await openLinear();
    const running = binding.run();
    await expect(binding.run()).rejects.toThrow(code('RUNTIME_FAILED'));
    expect(() => binding.input('x', x)).toThrow(code('RUNTIME_FAILED'));
    await running;
    await binding.run();
  });

  it('keeps what is bound alive after its owners let go', async () => {
    const { memory, x, y, binding } = await openLinear();
    const result = memory.view('float32', 64, 4);
    x.dispose();
    y.dispose();
    memory.free();
    await binding.run();
    expect([...result]).toEqual([10, 20, 10, 20]);
    binding.close();
    expect(result.length).toBe(0);
  });

  it('lets go of what was bound before when something else is bound', async () => {
    const { session, memory, x, binding } = await openLinear();
    const other = device.allocate(64);
    const view = other.view('float32');
    const tensor = device.tensor(other, 'float32', [1, 3]);
    binding.input('x', tensor);
    tensor.dispose();
    other.free();
    expect(view.length).toBe(16);
    binding.input('x', x);
    expect(view.length).toBe(0);
    session.close();
    memory.free();
  });

  it('ends a run in flight before what it uses is released', async () => {
    const { session, memory, x, y, binding } = await openLinear();
    const running = binding.run();
    for (const close of [session.close, binding.close])
      close.call(close === session.close ? session : binding);
    x.dispose();
    y.dispose();
    memory.free();
    await running;
    await expect(binding.run()).rejects.toThrow(code('RUNTIME_CLOSED'));
  });

  it('refuses everything that was closed', async () => {
    const { session, x, y, binding } = await openLinear();
    x.dispose();
    expect(() => binding.input('x', x)).toThrow(code('RUNTIME_CLOSED'));
    binding.close();
    binding.close();
    expect(() => binding.output('y', y)).toThrow(code('RUNTIME_CLOSED'));
    await expect(binding.run()).rejects.toThrow(code('RUNTIME_CLOSED'));
    session.close();
    session.close();
    expect(() => session.createBinding()).toThrow(code('RUNTIME_CLOSED'));
    await expect(session.evaluate({ x: { data: new Float32Array(3), dims: [1, 3] } })).rejects.toThrow(
      code('RUNTIME_CLOSED'),
    );
  });
});

it('the JavaScript road copies outputs that were not written in place, and refuses other sizes', async () => {
  const { Tensor } = await import('onnxruntime-node');
  const array = new Float32Array([9, 9, 9, 9]).subarray(1, 3);
  const tensor = { type: 'float32', dims: [1, 2] } as const;
  settle({ tensor, array }, new Tensor('float32', new Float32Array([1, 2]), [1, 2]));
  expect(new Float32Array(array.buffer)).toEqual(new Float32Array([9, 1, 2, 9]));
  const larger = new Tensor('float32', new Float32Array(4), [2, 2]);
  expect(() => settle({ tensor, array }, larger)).toThrow(code('SHAPE_MISMATCH'));
  expect(() => settle({ tensor, array }, undefined)).toThrow(code('SHAPE_MISMATCH'));
});

it('refuses tensors of a device of the other kind', async () => {
  const native = await openDevice();
  const script = await openDevice({ prefer: 'javascript' });
  const session = await native.openSession(fixture('linear.onnx'));
  const binding = session.createBinding();
  const foreign = script.tensor(script.allocate(64), 'float32', [1, 3]);
  expect(() => binding.input('x', foreign)).toThrow(code('OPTION_INVALID'));
  native.close();
  script.close();
});
