import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { AnyToAnyError, type ErrorCode } from '../errors.ts';
import { openDevice } from './device.ts';
import { openGraph } from './graph.ts';
import type { Device } from './interface.ts';

const slow = fileURLToPath(new URL('./fixtures/slow.onnx', import.meta.url));
const size = 128;
/** Far more products than any test waits for (minutes). */
const endless = 10_000_000n;

function code(expected: ErrorCode) {
  return expect.toSatisfy((error: unknown) => AnyToAnyError.is(error, expected), `error ${expected}`);
}

/** x · wᵏ, where w moves every column one to the right; x counts its columns. */
async function bindSlow(device: Device) {
  const session = await device.openSession(slow);
  const bytes = size * size * 4;
  const memory = device.allocate(3 * bytes + 8);
  const dims = [size, size];
  const binding = session.createBinding();
  binding.input('x', device.tensor(memory, 'float32', dims));
  binding.input('w', device.tensor(memory, 'float32', dims, bytes));
  binding.output('y', device.tensor(memory, 'float32', dims, 2 * bytes));
  binding.input('steps', device.tensor(memory, 'int64', [], 3 * bytes));
  const x = memory.view('float32', 0, size * size);
  const w = memory.view('float32', bytes, size * size);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) x[row * size + column] = column;
    w[row * size + ((row + 1) % size)] = 1;
  }
  const steps = memory.view('int64', 3 * bytes, 1);
  const y = memory.view('float32', 2 * bytes, size * size);
  return { binding, steps, y };
}

describe('a run off the main thread', async () => {
  const device = await openDevice({ threads: 1 });

  it('stops midway when the signal fires, and the next run is right', async () => {
    const { binding, steps, y } = await bindSlow(device);
    for (let round = 0; round < 3; round += 1) {
      steps[0] = endless;
      const controller = new AbortController();
      const running = binding.run(controller.signal);
      setTimeout(() => controller.abort(new Error('enough')), 20);
      await expect(running).rejects.toThrow(code('ABORTED'));
      await expect(running).rejects.toMatchObject({ cause: { message: 'enough' } });
      steps[0] = 5n;
      await binding.run(new AbortController().signal);
      // Column c holds what stood 5 columns to its left.
      expect([...y.subarray(0, 7)]).toEqual([123, 124, 125, 126, 127, 0, 1]);
    }
    await expect(binding.run(AbortSignal.abort())).rejects.toThrow(code('ABORTED'));
    await binding.run();
  });

  it('lets the event loop tick', async () => {
    const { binding, steps } = await bindSlow(device);
    steps[0] = endless;
    const controller = new AbortController();
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
      if (ticks === 20) controller.abort();
    }, 1);
    await expect(binding.run(controller.signal)).rejects.toThrow(code('ABORTED'));
    clearInterval(timer);
    expect(ticks).toBeGreaterThanOrEqual(20);
  });

  it('ends when its device closes only if it is stopped; closing first is safe', async () => {
    const own = await openDevice({ threads: 1 });
    const { binding, steps, y } = await bindSlow(own);
    steps[0] = endless;
    const controller = new AbortController();
    const running = binding.run(controller.signal);
    own.close();
    expect(y.length).toBe(size * size); // still written by the run
    setTimeout(() => controller.abort(), 20);
    await expect(running).rejects.toThrow(code('ABORTED'));
    expect(y.length).toBe(0);
  });

  it('stops a call of a graph; the calls behind it run', async () => {
    const graph = await openGraph(device, slow);
    const square = { data: new Float32Array(size * size), dims: [size, size] };
    const call = (steps: bigint, signal?: AbortSignal) =>
      graph.run({ x: square, w: square, steps: { data: new BigInt64Array([steps]), dims: [] } }, signal);
    const first = new AbortController();
    const second = new AbortController();
    const calls = [call(endless, first.signal), call(endless, second.signal), call(2n)];
    second.abort(); // still waiting: it never begins
    setTimeout(() => first.abort(), 20);
    const results = await Promise.allSettled(calls);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    graph.close();
  });
});

it('the JavaScript road rejects after a run that could not be stopped, and goes on', async () => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const device = await openDevice({ prefer: 'javascript', threads: 1 });
  const { binding, steps, y } = await bindSlow(device);
  steps[0] = 3n;
  const controller = new AbortController();
  const running = binding.run(controller.signal);
  controller.abort();
  await expect(running).rejects.toThrow(code('ABORTED'));
  await binding.run();
  expect([...y.subarray(0, 5)]).toEqual([125, 126, 127, 0, 1]);
  device.close();
});
