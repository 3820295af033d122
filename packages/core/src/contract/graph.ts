/**
 * Graph: a compiled network as plugins see it: named tensors in, named tensors out, off the main thread.
 * Made by the runtime, handed to plugins through their bundle; no plugin names ONNX Runtime.
 */
export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;

export interface Tensor {
  readonly data: TensorData;
  readonly dims: readonly number[];
}

export interface Graph {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Runs once. The result's arrays belong to the caller. Concurrent calls queue. */
  run(feeds: Readonly<Record<string, Tensor>>, signal?: AbortSignal): Promise<Record<string, Tensor>>;
  close(): void;
}
