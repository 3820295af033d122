/**
 * The JavaScript road's device: the same memory and tensors, over onnxruntime-node's InferenceSession.
 * Taken where FFI cannot load. Runs block the event loop and cannot be stopped midway.
 */
import { basename } from 'node:path';
import { AnyToAnyError, rejectUnknownOptions } from '../../errors.ts';
import { checkDims, checkElementType, checkPlace, formatDims } from '../check.ts';
import { count } from '../element.ts';
import { closed, Handle, type Scope } from '../handle.ts';
import type {
  Device,
  ElementArrays,
  ElementType,
  Memory,
  NativeTensor,
  Session,
  SessionOptions,
} from '../interface.ts';
import { HostMemory, hostMemory } from '../memory.ts';
import { setEnvironment } from '../native/foreign.ts';
import { checkThreads } from '../threads.ts';
import { type OnnxRuntime, runtimeFailure } from './runtime.ts';
import { ScriptSession } from './session.ts';

/** Throws what the import of onnxruntime-node throws. */
export async function openJavascript(threads: number): Promise<Device> {
  setEnvironment(undefined, 'ORT_DISABLE_TELEMETRY', '1');
  const runtime = await import('onnxruntime-node');
  return new JavascriptDevice(runtime, threads);
}

export class JavascriptDevice implements Device {
  readonly kind = 'javascript';
  readonly version: string;
  readonly runtime: OnnxRuntime;
  readonly scope: Scope = new Set();
  readonly #threads: number;
  #open = true;

  constructor(runtime: OnnxRuntime, threads: number) {
    this.runtime = runtime;
    this.version = runtime.env.versions.node ?? runtime.env.versions.common;
    this.#threads = threads;
  }

  allocate(bytes: number): HostMemory {
    this.#check();
    return new HostMemory(bytes, this.scope);
  }

  tensor(memory: Memory, type: ElementType, dims: readonly number[], byteOffset = 0): ScriptTensor {
    this.#check();
    checkElementType(type);
    checkDims(dims, 'A tensor');
    checkPlace(type, byteOffset, count(dims), memory.bytes);
    return new ScriptTensor(this, hostMemory(memory), type, dims, byteOffset);
  }

  async openSession(path: string, options: SessionOptions = {}): Promise<Session> {
    this.#check();
    rejectUnknownOptions(options, ['threads', 'arena', 'config'], 'openSession');
    const threads = checkThreads(options.threads ?? this.#threads);
    const fatal = 4;
    const session = await this.runtime.InferenceSession.create(path, {
      intraOpNumThreads: threads,
      logSeverityLevel: fatal,
      enableCpuMemArena: options.arena ?? true,
      extra: { ...options.config },
    }).catch((cause: unknown) => {
      throw runtimeFailure('the graph', cause);
    });
    const release = () => void session.release();
    const handle = new Handle(`session "${basename(path)}"`, session, release, this.scope);
    try {
      this.#check(); // the device may have been closed meanwhile
      return new ScriptSession(this, handle);
    } catch (error) {
      handle.dispose();
      throw error;
    }
  }

  close(): void {
    this.#open = false;
    for (const handle of [...this.scope].reverse()) handle.dispose();
  }

  #check(): void {
    if (!this.#open) throw closed('device');
  }
}

/** An array over memory. It holds the memory; bindings hold it. */
export class ScriptTensor implements NativeTensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly handle: Handle<ElementArrays[ElementType]>;

  constructor(
    device: JavascriptDevice,
    memory: HostMemory,
    type: ElementType,
    dims: readonly number[],
    byteOffset: number,
  ) {
    this.type = type;
    this.dims = Object.freeze([...dims]);
    const array = memory.view(type, byteOffset, count(dims));
    this.handle = new Handle(`tensor ${type} ${formatDims(dims)}`, array, memory.handle.hold(), device.scope);
    this.handle.watch(this);
  }

  dispose(): void {
    this.handle.dispose();
  }
}

export function scriptTensor(tensor: NativeTensor): ScriptTensor {
  if (tensor instanceof ScriptTensor) return tensor;
  throw new AnyToAnyError(
    'OPTION_INVALID',
    'The tensor was not made by a JavaScript device; make it with the same device.',
  );
}
