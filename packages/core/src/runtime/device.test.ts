import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { AnyToAnyError, type ErrorCode } from '../errors.ts';
import { chooseRoad, openDevice } from './device.ts';
import type { Device, DeviceOptions } from './interface.ts';
import { loadForeign } from './native/foreign.ts';
import { findLibrary, openTable } from './native/library.ts';
import { defaultThreads } from './threads.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

function code(expected: ErrorCode) {
  return expect.toSatisfy((error: unknown) => AnyToAnyError.is(error, expected), `error ${expected}`);
}

describe.each(['native', 'javascript'] as const)('a %s device', (kind) => {
  let device: Device;
  let folder: string;

  beforeAll(async () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    device = await openDevice({ prefer: kind, threads: 1 });
    folder = await mkdtemp(join(tmpdir(), 'any-to-any-'));
  });
  afterAll(async () => {
    device.close();
    await rm(folder, { recursive: true });
    vi.restoreAllMocks();
  });

  it('says which road it took and which version it runs', () => {
    expect(device.kind).toBe(kind);
    expect(device.version).toMatch(/^1\.\d+\.\d+/);
  });

  it('describes inputs and outputs: fixed sizes, named ones, nameless ones, scalars', async () => {
    const linear = await device.openSession(fixture('linear.onnx'));
    expect(linear.inputs).toEqual([{ name: 'x', type: 'float32', dims: ['rows', 3] }]);
    expect(linear.outputs).toEqual([{ name: 'y', type: 'float32', dims: ['rows', 2] }]);
    const found = await device.openSession(fixture('found.onnx'));
    expect(found.inputs).toEqual([{ name: 'x', type: 'float32', dims: ['?'] }]);
    const slow = await device.openSession(fixture('slow.onnx'));
    expect(slow.inputs[2]).toEqual({ name: 'steps', type: 'int64', dims: [] });
    for (const session of [linear, found, slow]) session.close();
  });

  it('maps external data that lies beside the graph', async () => {
    const session = await device.openSession(fixture('external.onnx'));
    const data = new Float32Array(1024).fill(0.5);
    const { y } = await session.evaluate({ x: { data, dims: [1024] } });
    expect(y?.data).toEqual(Float32Array.from({ length: 1024 }, (_, index) => index + 0.5));
    session.close();
  });

  it('refuses missing, empty and broken files and goes on', async () => {
    const garbage = join(folder, 'garbage.onnx');
    await writeFile(garbage, Buffer.from('this is no graph at all, and never was one'));
    const empty = join(folder, 'empty.onnx');
    await writeFile(empty, '');
    for (const path of [join(folder, 'missing.onnx'), garbage, empty, folder]) {
      await expect(device.openSession(path)).rejects.toThrow(code('RUNTIME_FAILED'));
    }
    const session = await device.openSession(fixture('linear.onnx'));
    const { y } = await session.evaluate({ x: { data: new Float32Array([1, 1, 1]), dims: [1, 3] } });
    expect(y).toEqual({ data: new Float32Array([19, 32]), dims: [1, 2] });
    session.close();
  });

  it('opens a path that is not ASCII', async () => {
    const path = join(folder, 'модель 図.onnx');
    const { readFile } = await import('node:fs/promises');
    await writeFile(path, await readFile(fixture('linear.onnx')));
    const session = await device.openSession(path);
    expect(session.inputs).toHaveLength(1);
    session.close();
  });

  it('refuses element types that no tensor here carries', async () => {
    await expect(device.openSession(fixture('double.onnx'))).rejects.toThrow(code('RUNTIME_FAILED'));
  });

  it('passes configuration entries on', async () => {
    // ONNX Runtime would only take its own flat format now, so the graph cannot be read.
    const config = { 'session.load_model_format': 'ORT' };
    const path = fixture('linear.onnx');
    await expect(device.openSession(path, { config })).rejects.toThrow(code('RUNTIME_FAILED'));
    await expect(device.openSession(path, { threads: 0 })).rejects.toThrow(code('OPTION_INVALID'));
    const misspelt = { thread: 1 } as object;
    await expect(device.openSession(path, misspelt)).rejects.toThrow(code('OPTION_UNKNOWN'));
  });

  it('closes what was left open and refuses further work', async () => {
    const own = await openDevice({ prefer: kind });
    const session = await own.openSession(fixture('linear.onnx'));
    const memory = own.allocate(64);
    const view = memory.view('float32');
    own.close();
    own.close();
    expect(view.length).toBe(0);
    expect(() => memory.view('float32')).toThrow(code('RUNTIME_CLOSED'));
    expect(() => own.allocate(64)).toThrow(code('RUNTIME_CLOSED'));
    expect(() => session.createBinding()).toThrow(code('RUNTIME_CLOSED'));
    await expect(own.openSession(fixture('linear.onnx'))).rejects.toThrow(code('RUNTIME_CLOSED'));
    expect(device.allocate(64).bytes).toBe(64);
  });
});

describe('choosing a road', () => {
  afterEach(() => void vi.restoreAllMocks());
  const closedRoad = () => Promise.reject(new Error('no such module'));
  const javascript = async () => ({ kind: 'javascript' }) as Device; // only its kind is looked at

  it('falls back with one warning that says why', async () => {
    vi.resetModules();
    const fresh = await import('./device.ts');
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    for (let round = 0; round < 2; round += 1) {
      const device = await fresh.chooseRoad({}, { native: closedRoad, javascript });
      expect(device.kind).toBe('javascript');
    }
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0]?.[0]).toMatch(/no such module.*slower/);
  });

  it('says what to install when both are closed', async () => {
    const opening = chooseRoad({}, { native: closedRoad, javascript: closedRoad });
    await expect(opening).rejects.toThrow(code('RUNTIME_UNAVAILABLE'));
    await expect(opening).rejects.toThrow(/npm install onnxruntime-node/);
  });

  it('refuses unknown and wrong options', async () => {
    const wrong = (options: object) => openDevice(options as DeviceOptions);
    await expect(wrong({ device: 'gpu' })).rejects.toThrow(code('OPTION_UNKNOWN'));
    await expect(wrong({ prefer: 'gpu' })).rejects.toThrow(code('OPTION_INVALID'));
    await expect(wrong({ threads: 1.5 })).rejects.toThrow(code('OPTION_INVALID'));
  });

  it('refuses a library that is older than what is used of it', async () => {
    const foreign = await loadForeign();
    const path = await findLibrary();
    expect(() => openTable(foreign, path, 1000)).toThrow(code('RUNTIME_UNAVAILABLE'));
    expect(openTable(foreign, path, 16).version).toMatch(/^1\./);
  });

  it('counts threads by cores', () => {
    expect([1, 2, 4, 6, 12, 64].map((logical) => defaultThreads(logical, 'x64'))).toEqual([1, 2, 4, 4, 6, 8]);
    expect([2, 6, 10].map((logical) => defaultThreads(logical, 'arm64'))).toEqual([2, 6, 8]);
  });
});
