/**
 * Element types: their codes in ONNX, their sizes and the arrays that hold them.
 * Used by both roads; knows nothing of sessions.
 */
import type { ElementArrays, ElementType } from './interface.ts';

interface ArrayMaker<A> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): A;
}

interface Element<A> {
  /** ONNX TensorProto.DataType. */
  readonly code: number;
  readonly array: ArrayMaker<A>;
}

const elements: { readonly [T in ElementType]: Element<ElementArrays[T]> } = {
  float32: { code: 1, array: Float32Array },
  uint8: { code: 2, array: Uint8Array },
  int8: { code: 3, array: Int8Array },
  int32: { code: 6, array: Int32Array },
  int64: { code: 7, array: BigInt64Array },
  bool: { code: 9, array: Uint8Array },
  float16: { code: 10, array: Uint16Array },
};

export const elementTypes = Object.keys(elements) as readonly ElementType[]; // the keys are exactly the type

export function isElementType(value: unknown): value is ElementType {
  return typeof value === 'string' && Object.hasOwn(elements, value);
}

export function elementCode(type: ElementType): number {
  return elements[type].code;
}

/** The type of an ONNX code, or undefined for one that no model of ours uses (strings, float64, …). */
export function elementOfCode(code: number): ElementType | undefined {
  return elementTypes.find((type) => elements[type].code === code);
}

/** Bytes of one element. */
export function elementBytes(type: ElementType): number {
  return elements[type].array.BYTES_PER_ELEMENT;
}

/** True if `data` is the kind of array that holds elements of `type`. */
export function holds(type: ElementType, data: unknown): boolean {
  return data instanceof elements[type].array;
}

export function arrayOver<T extends ElementType>(
  type: T,
  buffer: ArrayBuffer,
  byteOffset: number,
  length: number,
): ElementArrays[T] {
  const element: Element<ElementArrays[T]> = elements[type];
  return new element.array(buffer, byteOffset, length);
}

/** `[2, 3]` → 6; `[]` → 1. */
export function count(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
