/**
 * What the runtime does to its process: nothing is left in the home folder, memory does not grow, leaks are reported,
 * exit does not wait. Each test file is a process of its own, so the library is not loaded before this one asks for it.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Device } from './interface.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const built = fileURLToPath(new URL('../../dist/runtime/device.js', import.meta.url));

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void; // the flag makes it a function

let home: string;
let device: Device;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'any-to-any-home-'));
  vi.stubEnv('HOME', home);
  vi.stubEnv('ANY_TO_ANY_DEBUG', '1');
  const { openDevice } = await import('./device.ts');
  device = await openDevice({ threads: 1 });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  device.close();
  await rm(home, { recursive: true });
});

/** Runs a module in a process of its own, with the home folder of this test. */
async function runAlone(kind: 'native' | 'javascript', then: string): Promise<{ code: unknown }> {
  const program = `
    const { openDevice } = await import(${JSON.stringify(built)});
    const device = await openDevice({ prefer: '${kind}', threads: 1 });
    const session = await device.openSession(${JSON.stringify(fixture('slow.onnx'))});
    const square = { data: new Float32Array(128 * 128), dims: [128, 128] };
    const run = (steps) =>
      session.evaluate({ x: square, w: square, steps: { data: new BigInt64Array([steps]), dims: [] } });
    ${then}`;
  const running = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  return running.then(
    () => ({ code: 0 }),
    (error: { code: unknown }) => error,
  );
}

it('leaves nothing in the home folder', async () => {
  const session = await device.openSession(fixture('linear.onnx'));
  await session.evaluate({ x: { data: new Float32Array(3), dims: [1, 3] } });
  session.close();
  expect(process.env['ORT_DISABLE_TELEMETRY']).toBe('1');
  expect(await readdir(home)).toEqual([]);
});

it('does not grow with the number of runs', async () => {
  const session = await device.openSession(fixture('linear.onnx'));
  const memory = device.allocate(128);
  const binding = session.createBinding();
  const tensors = [
    device.tensor(memory, 'float32', [2, 3]),
    device.tensor(memory, 'float32', [2, 2], 64),
  ] as const;
  binding.input('x', tensors[0]);
  binding.output('y', tensors[1]);
  const x = { data: new Float32Array(9000), dims: [3000, 3] };
  const rounds = async (count: number) => {
    for (let round = 0; round < count; round += 1) {
      await binding.run();
      await session.evaluate({ x });
    }
    collect();
    return process.memoryUsage.rss();
  };
  const before = await rounds(500);
  const after = await rounds(2000);
  // A leak of the copies alone would be 120 MB.
  expect(after - before).toBeLessThan(24 << 20);
  for (const tensor of tensors) tensor.dispose();
  memory.free();
  binding.close();
  session.close();
});

it('reports what was dropped without being closed, and only that', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const reports = () =>
    warn.mock.calls.map(([message]) => String(message)).filter((message) => /12345|54321/.test(message));
  device.allocate(12_345).free();
  (() => void device.allocate(54_321))();
  for (let attempt = 0; attempt < 50 && reports().length === 0; attempt += 1) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(reports()).toEqual(['A memory of 54321 bytes was dropped without being closed.']);
  warn.mockRestore();
});

// These two need another process, and only the built package runs there without a loader.
it.skipIf(!existsSync(built))('exits at once in the middle of a run', async () => {
  const { code } = await runAlone('native', 'run(10_000_000n); setTimeout(() => process.exit(7), 50);');
  expect(code).toBe(7);
});

it.skipIf(!existsSync(built))('leaves nothing in the home folder on the JavaScript road either', async () => {
  const { code } = await runAlone('javascript', 'await run(3n);');
  expect(code).toBe(0);
  expect(await readdir(home)).toEqual([]);
});
