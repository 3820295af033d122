/**
 * Foreign: the few things that are done with raw addresses. The only file that names koffi (MIT), loaded lazily.
 * Comes before `api.ts`, which turns addresses of functions into typed functions.
 */
import { isMainThread } from 'node:worker_threads';

/** An address. All supported platforms are 64-bit. */
export type Pointer = bigint;

export type ForeignType = 'void' | 'void *' | 'str' | 'str16' | 'int' | 'uint32_t' | 'size_t';

/** A native function; out-parameters are arrays of one element, filled by the call. */
export interface ForeignFunction {
  (...args: unknown[]): unknown;
  /** The same on a thread of libuv's pool; the last argument is called back on the main thread. */
  async(...args: unknown[]): void;
}

export interface Foreign {
  /** The function that a shared library exports under a name. The library stays loaded as long as this object. */
  exported(library: string, name: string, result: ForeignType, args: readonly ForeignType[]): ForeignFunction;
  /** The function at an address. `outs` follow `args`. */
  function(
    at: Pointer,
    result: ForeignType,
    args: readonly ForeignType[],
    outs?: readonly ForeignType[],
  ): ForeignFunction;
  /** Where a buffer lies. */
  address(buffer: ArrayBuffer): Pointer;
  /** A copy of the bytes at an address. */
  copy(at: Pointer, bytes: number): ArrayBuffer;
  /** `count` addresses that lie one after the other. */
  pointers(at: Pointer, count: number): Pointer[];
  /** A zero-terminated UTF-8 text. */
  text(at: Pointer): string;
}

/** Bytes of stack of an asynchronous call: matrix kernels put panels of 64 KiB and more on it. */
const stackBytes = 1 << 20;

/** Throws whatever koffi throws where it has no build for this platform. */
export async function loadForeign(): Promise<Foreign> {
  const { default: koffi } = await import('koffi');
  try {
    koffi.config({ ...koffi.config(), async_stack_size: stackBytes });
  } catch {
    // Somebody else has loaded a library already, and with it fixed the sizes; the default of 128 KiB works too.
  }
  // koffi unloads a library when its handle is collected, whoever still has functions of it.
  const libraries = new Map<string, ReturnType<typeof koffi.load>>();
  return {
    exported: (path, name, result, args) => {
      const library = libraries.get(path) ?? koffi.load(path);
      libraries.set(path, library);
      return library.func(name, result, [...args]);
    },
    function: (at, result, args, outs = []) => {
      const out = outs.map((type) => koffi.out(koffi.pointer(type)));
      // koffi types functions as any; what it really returns is described by ForeignFunction.
      return koffi.decode(at, koffi.proto(result, [...args, ...out])) as ForeignFunction;
    },
    address: (buffer) => koffi.address(buffer),
    copy: (at, bytes) => (bytes === 0 ? new ArrayBuffer(0) : koffi.view(at, bytes).slice(0)),
    pointers: (at, count) => koffi.decode(at, 'void *', count) as Pointer[], // koffi: pointers are BigInt
    text: (at) => koffi.decode.string(at),
  };
}

/** Sets an environment variable that native code reads, unless it is set. A worker's `process.env` is only a copy. */
export function setEnvironment(foreign: Foreign | undefined, name: string, value: string): void {
  if (process.env[name] !== undefined) return;
  process.env[name] = value;
  if (isMainThread || foreign === undefined) return;
  if (process.platform === 'win32') {
    foreign.exported('kernel32.dll', 'SetEnvironmentVariableA', 'int', ['str', 'str'])(name, value);
  } else {
    const library = process.platform === 'darwin' ? 'libSystem.dylib' : 'libc.so.6';
    foreign.exported(library, 'setenv', 'int', ['str', 'str', 'int'])(name, value, 0);
  }
}
