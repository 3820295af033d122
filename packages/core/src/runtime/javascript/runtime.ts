/**
 * What the JavaScript road takes from onnxruntime-node, and how its failures become ours.
 */
import type * as OnnxRuntimeNode from 'onnxruntime-node';
import { AnyToAnyError } from '../../errors.ts';
import type { ElementArrays, ElementType } from '../interface.ts';

export type OnnxRuntime = Pick<typeof OnnxRuntimeNode, 'InferenceSession' | 'Tensor' | 'env'>;
export type InferenceSession = OnnxRuntimeNode.InferenceSession;
export type ScriptValue = OnnxRuntimeNode.Tensor;

/** A value over `array`, which is the kind of array that its type has in `ElementArrays`. */
export function makeValue(
  { Tensor }: Pick<OnnxRuntime, 'Tensor'>,
  type: ElementType,
  array: ElementArrays[ElementType],
  dims: readonly number[],
): ScriptValue {
  // Any type goes in; the constructor's overloads only know one literal at a time.
  const value: ScriptValue = new Tensor(type as 'float32', array as Float32Array, dims);
  // Where Node has Float16Array, Tensor makes one, and the binding (1.30) takes that for empty.
  if (type === 'float16') Object.defineProperty(value, 'data', { value: array });
  return value;
}

export function runtimeFailure(what: string, cause: unknown): AnyToAnyError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new AnyToAnyError('RUNTIME_FAILED', `ONNX Runtime refused ${what}: ${message.trim()}`, {
    runtimeMessage: message,
    cause,
  });
}
