/**
 * The native road's device: memory, tensors and sessions over ONNX Runtime's C API.
 * Comes after `library.ts`; sessions and bindings have their own files.
 */
import { basename } from 'node:path';
import { AnyToAnyError, rejectUnknownOptions } from '../../errors.ts';
import { checkDims, checkElementType, checkPlace, formatDims } from '../check.ts';
import { count, elementBytes, elementCode } from '../element.ts';
import { closed, Handle, type Scope } from '../handle.ts';
import type { Device, ElementType, Memory, NativeTensor, Session, SessionOptions } from '../interface.ts';
import { HostMemory, hostMemory } from '../memory.ts';
import { checkThreads } from '../threads.ts';
import type { Pointer } from './foreign.ts';
import { type Library, loadLibrary, logLevel } from './library.ts';
import { OrtSession } from './session.ts';

/** Throws RUNTIME_UNAVAILABLE, or what the loader throws, where this road is closed. */
export async function openNative(threads: number): Promise<Device> {
  return new NativeDevice(await loadLibrary(threads), threads);
}

export class NativeDevice implements Device {
  readonly kind = 'native';
  readonly version: string;
  readonly library: Library;
  readonly scope: Scope = new Set();
  readonly #threads: number;
  #open = true;

  constructor(library: Library, threads: number) {
    this.library = library;
    this.version = library.version;
    this.#threads = threads;
  }

  allocate(bytes: number): HostMemory {
    this.#check();
    return new HostMemory(bytes, this.scope, this.library.foreign.address);
  }

  tensor(memory: Memory, type: ElementType, dims: readonly number[], byteOffset = 0): OrtTensor {
    this.#check();
    checkElementType(type);
    checkDims(dims, 'A tensor');
    checkPlace(type, byteOffset, count(dims), memory.bytes);
    return new OrtTensor(this, hostMemory(memory), type, dims, byteOffset);
  }

  async openSession(path: string, options: SessionOptions = {}): Promise<Session> {
    this.#check();
    rejectUnknownOptions(options, ['threads', 'arena', 'config'], 'openSession');
    const threads = checkThreads(options.threads ?? this.#threads);
    const { api } = this.library;
    const session = await this.#createSession(path, threads, options);
    const handle = new Handle(`session "${basename(path)}"`, session, api.ReleaseSession, this.scope);
    try {
      this.#check(); // the device may have been closed meanwhile
      return new OrtSession(this, handle);
    } catch (error) {
      handle.dispose();
      throw error;
    }
  }

  /** Sessions share the environment's threads where they can; a session with another number has its own. */
  async #createSession(path: string, threads: number, options: SessionOptions): Promise<Pointer> {
    const { api, environment, sharedThreads } = this.library;
    const settings = api.CreateSessionOptions();
    const shares = threads === sharedThreads;
    try {
      api.SetSessionLogSeverityLevel(settings, logLevel);
      if (shares) api.DisablePerSessionThreads(settings);
      else api.SetIntraOpNumThreads(settings, threads);
      if (options.arena === false) api.DisableCpuMemArena(settings);
      for (const [key, value] of Object.entries(options.config ?? {}))
        api.AddSessionConfigEntry(settings, key, value);
      return await api.later.CreateSession(environment, path, settings);
    } catch (error) {
      if (!shares || !/thread ?pool/i.test(String(error))) throw error;
    } finally {
      api.ReleaseSessionOptions(settings);
    }
    // Somebody else in this process made the environment first, without threads to share.
    this.library.sharedThreads = 0;
    return this.#createSession(path, threads, options);
  }

  async trim(): Promise<void> {
    await this.library.trim?.();
  }

  /** Newest first: bindings before their sessions, tensors before their memory. */
  close(): void {
    this.#open = false;
    for (const handle of [...this.scope].reverse()) handle.dispose();
  }

  #check(): void {
    if (!this.#open) throw closed('device');
  }
}

/** An OrtValue over memory. It holds the memory; bindings hold it. */
export class OrtTensor implements NativeTensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly handle: Handle<Pointer>;

  constructor(
    device: NativeDevice,
    memory: HostMemory,
    type: ElementType,
    dims: readonly number[],
    byteOffset: number,
  ) {
    const { api, foreign, memoryInfo } = device.library;
    this.type = type;
    this.dims = Object.freeze([...dims]);
    const address = foreign.address(memory.handle.value) + BigInt(memory.start + byteOffset);
    const sizes = BigInt64Array.from(dims, BigInt);
    const bytes = count(dims) * elementBytes(type);
    const value = api.CreateTensorWithDataAsOrtValue(
      memoryInfo,
      address,
      bytes,
      sizes,
      dims.length,
      elementCode(type),
    );
    const unhold = memory.handle.hold();
    const release = (pointer: Pointer) => {
      api.ReleaseValue(pointer);
      unhold();
    };
    this.handle = new Handle(`tensor ${type} ${formatDims(dims)}`, value, release, device.scope);
    this.handle.watch(this);
  }

  dispose(): void {
    this.handle.dispose();
  }
}

export function ortTensor(tensor: NativeTensor): OrtTensor {
  if (tensor instanceof OrtTensor) return tensor;
  throw new AnyToAnyError(
    'OPTION_INVALID',
    'The tensor was not made by a native device; make it with the same device.',
  );
}
