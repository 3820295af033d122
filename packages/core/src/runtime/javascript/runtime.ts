/**
 * What the JavaScript road takes from onnxruntime-node, and how its failures become ours.
 */
import type * as OnnxRuntimeNode from 'onnxruntime-node';
import { AnyToAnyError } from '../../errors.ts';

export type OnnxRuntime = Pick<typeof OnnxRuntimeNode, 'InferenceSession' | 'Tensor' | 'env'>;
export type InferenceSession = OnnxRuntimeNode.InferenceSession;
export type ScriptValue = OnnxRuntimeNode.Tensor;

export function runtimeFailure(what: string, cause: unknown): AnyToAnyError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new AnyToAnyError('RUNTIME_FAILED', `ONNX Runtime refused ${what}: ${message.trim()}`, {
    runtimeMessage: message,
    cause,
  });
}
