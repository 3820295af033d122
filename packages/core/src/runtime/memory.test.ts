import { describe, expect, it, vi } from 'vitest';
import { AnyToAnyError, type ErrorCode } from '../errors.ts';
import { openDevice } from './device.ts';
import type { ElementType } from './interface.ts';
import { loadForeign } from './native/foreign.ts';

function code(expected: ErrorCode) {
  return expect.toSatisfy((error: unknown) => AnyToAnyError.is(error, expected), `error ${expected}`);
}

describe.each(['native', 'javascript'] as const)('memory of a %s device', async (kind) => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const device = await openDevice({ prefer: kind });

  it('is zeroed, shared by its views and as long as asked for', () => {
    const memory = device.allocate(24);
    expect(memory.bytes).toBe(24);
    expect([...memory.view('uint8')]).toEqual(Array(24).fill(0));
    memory.view('float32', 8, 1)[0] = 1; // 0x3f800000
    expect([...memory.view('uint8', 8, 4)]).toEqual([0, 0, 0x80, 0x3f]);
    expect(memory.view('int64').length).toBe(3);
    expect(memory.view('float16', 2).length).toBe(11);
    memory.free();
  });

  it('takes odd sizes and none at all', () => {
    for (const bytes of [0, 1, 3, 63, 65]) {
      const memory = device.allocate(bytes);
      expect(memory.view('int8').length).toBe(bytes);
      expect(memory.view('float32').length).toBe(Math.floor(bytes / 4));
      memory.free();
    }
  });

  it('refuses places outside of it, crooked offsets, unknown types and sizes that are none', () => {
    const memory = device.allocate(16);
    expect(() => memory.view('float32', 0, 5)).toThrow(code('SHAPE_MISMATCH'));
    expect(() => memory.view('float32', 16, 1)).toThrow(code('SHAPE_MISMATCH'));
    expect(() => memory.view('float32', 2)).toThrow(code('OPTION_INVALID'));
    expect(() => memory.view('int8', -1)).toThrow(code('OPTION_INVALID'));
    expect(() => memory.view('float64' as ElementType)).toThrow(code('OPTION_INVALID'));
    for (const bytes of [-1, 1.5, Number.NaN]) {
      expect(() => device.allocate(bytes)).toThrow(code('OPTION_INVALID'));
    }
    expect(() => device.allocate(2 ** 52)).toThrow(code('RUNTIME_FAILED'));
    expect(memory.view('float32').length).toBe(4);
    memory.free();
  });

  it('leaves stale views empty after it was freed, freed twice too', () => {
    const memory = device.allocate(64);
    const view = memory.view('float32');
    memory.free();
    memory.free();
    expect(view.length).toBe(0);
    view[0] = 1; // goes nowhere
    expect(() => memory.view('float32')).toThrow(code('RUNTIME_CLOSED'));
    expect(() => device.tensor(memory, 'float32', [1])).toThrow(code('RUNTIME_CLOSED'));
  });

  it('stays while a tensor lies in it', () => {
    const memory = device.allocate(64);
    const view = memory.view('float32');
    const tensor = device.tensor(memory, 'float32', [4, 4]);
    memory.free();
    expect(view.length).toBe(16);
    tensor.dispose();
    tensor.dispose();
    expect(view.length).toBe(0);
  });

  it('refuses tensors that do not fit', () => {
    const memory = device.allocate(64);
    expect(() => device.tensor(memory, 'float32', [17])).toThrow(code('SHAPE_MISMATCH'));
    expect(() => device.tensor(memory, 'float32', [16], 4)).toThrow(code('SHAPE_MISMATCH'));
    expect(() => device.tensor(memory, 'int64', [1], 4)).toThrow(code('OPTION_INVALID'));
    expect(() => device.tensor(memory, 'float32', [-1])).toThrow(code('SHAPE_MISMATCH'));
    expect(() => device.tensor(memory, 'float32', [0.5])).toThrow(code('SHAPE_MISMATCH'));
    memory.free();
  });

  it('costs nothing until it is touched, and gives everything back at once', () => {
    const mebibyte = 1 << 20;
    const before = process.memoryUsage.rss();
    const memory = device.allocate(1024 * mebibyte);
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * mebibyte);
    const touched = memory.view('uint8', 0, 256 * mebibyte);
    for (let page = 0; page < touched.length; page += 4096) touched[page] = 1;
    expect(process.memoryUsage.rss() - before).toBeGreaterThan(192 * mebibyte);
    memory.free();
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * mebibyte);
  });
});

it('native memory begins at a multiple of 64 bytes', async () => {
  const device = await openDevice();
  const foreign = await loadForeign();
  for (const bytes of [1, 100, 4096, 1 << 20]) {
    const view = device.allocate(bytes).view('uint8');
    expect((foreign.address(view.buffer as ArrayBuffer) + BigInt(view.byteOffset)) % 64n).toBe(0n);
  }
  device.close();
});
