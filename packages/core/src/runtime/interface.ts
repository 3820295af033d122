/**
 * What the runtime offers the decoder and the bundles: a device with memory, tensors, sessions and bindings.
 * Two roads implement it: `native/` (ONNX Runtime's C API, in place, off the main thread) and `javascript/` (slower).
 * Only types; `device.ts` opens one.
 */
import type { Tensor } from '../contract/graph.ts';

/** The array through which an element type is read and written. float16 is raw bits; bool is 0 or 1. */
export interface ElementArrays {
  readonly float32: Float32Array;
  readonly float16: Uint16Array;
  readonly int8: Int8Array;
  readonly uint8: Uint8Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
  readonly bool: Uint8Array;
}

export type ElementType = keyof ElementArrays;

export interface Device {
  readonly kind: 'native' | 'javascript';
  /** Version of ONNX Runtime. */
  readonly version: string;
  /** Zeroed memory outside the JavaScript heap that never moves; pages that are never touched cost nothing. */
  allocate(bytes: number): Memory;
  /** A tensor that lies in memory at an offset; nothing is copied. Whoever asked for it disposes it. */
  tensor(memory: Memory, type: ElementType, dims: readonly number[], byteOffset?: number): NativeTensor;
  /** Opens a graph by path, so that external data is mapped. Off the main thread on the native road. */
  openSession(path: string, options?: SessionOptions): Promise<Session>;
  /** Gives memory that is free but still held by the process back to the system. Off the main thread. */
  trim?(): Promise<void>;
  /** Closes whatever was opened through this device and not closed yet. A run in flight ends first. */
  close(): void;
}

export interface DeviceOptions {
  /** Threads of each session unless it asks otherwise. Default: see `threads.ts`. */
  readonly threads?: number | undefined;
  /** Which road to take; `native` (the default) falls back to `javascript` where FFI cannot load. */
  readonly prefer?: 'native' | 'javascript' | undefined;
}

export interface SessionOptions {
  /** Threads that share one run, this one included. */
  readonly threads?: number | undefined;
  /** False: working memory goes back to the system after each run instead of being kept for the next. Default true. */
  readonly arena?: boolean | undefined;
  /** ONNX Runtime's session configuration entries, passed on as they are. */
  readonly config?: Readonly<Record<string, string>> | undefined;
}

export interface Memory {
  readonly bytes: number;
  /** An array over the memory; absent length: up to the end. The offset is a multiple of the element's size. */
  view<T extends ElementType>(type: T, byteOffset?: number, length?: number): ElementArrays[T];
  /** Gives the memory back once no tensor lies in it any more; its arrays are then empty. */
  free(): void;
}

export interface NativeTensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  dispose(): void;
}

export interface TensorInfo {
  readonly name: string;
  readonly type: ElementType;
  /** A number is fixed, a name may differ from run to run; `?` is one without a name. */
  readonly dims: readonly (number | string)[];
}

export interface Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  createBinding(): Binding;
  /** Runs once with copies of `feeds`; outputs have whatever shape comes and belong to the caller. */
  evaluate(feeds: Readonly<Record<string, Tensor>>, signal?: AbortSignal): Promise<Record<string, Tensor>>;
  close(): void;
}

/** Tensors bound to the names of a session, for many runs. The same tensor may be input and output at once. */
export interface Binding {
  input(name: string, tensor: NativeTensor): void;
  output(name: string, tensor: NativeTensor): void;
  /** Runs with what is bound, one run at a time. Rejects with ABORTED when the signal fires; usable afterwards. */
  run(signal?: AbortSignal): Promise<void>;
  close(): void;
}
