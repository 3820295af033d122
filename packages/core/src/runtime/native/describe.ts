/**
 * Describe: names, types and shapes of a session's inputs and outputs, and of one value.
 * Everything it asks ONNX Runtime for is released before it returns.
 */
import { AnyToAnyError } from '../../errors.ts';
import { elementOfCode } from '../element.ts';
import type { ElementType, TensorInfo } from '../interface.ts';
import type { Pointer } from './foreign.ts';
import type { Library } from './library.ts';

export function describeInputs(library: Library, session: Pointer): TensorInfo[] {
  const { api, allocator } = library;
  return Array.from({ length: api.SessionGetInputCount(session) }, (_, index) =>
    describe(
      library,
      api.SessionGetInputName(session, index, allocator),
      api.SessionGetInputTypeInfo(session, index),
    ),
  );
}

export function describeOutputs(library: Library, session: Pointer): TensorInfo[] {
  const { api, allocator } = library;
  return Array.from({ length: api.SessionGetOutputCount(session) }, (_, index) =>
    describe(
      library,
      api.SessionGetOutputName(session, index, allocator),
      api.SessionGetOutputTypeInfo(session, index),
    ),
  );
}

/** Type and shape of a value that a run has made. */
export function describeValue(library: Library, value: Pointer): { type: ElementType; dims: number[] } {
  const { api } = library;
  const info = api.GetTensorTypeAndShape(value);
  try {
    const dims = readSizes(library, info).map(Number);
    return { type: readType(library, info, 'A value'), dims };
  } finally {
    api.ReleaseTensorTypeAndShapeInfo(info);
  }
}

/** Takes over the name and the type information. */
function describe(library: Library, namePointer: Pointer, typeInfo: Pointer): TensorInfo {
  const { api, foreign, allocator } = library;
  try {
    const name = foreign.text(namePointer);
    const info = api.CastTypeInfoToTensorInfo(typeInfo); // lies inside typeInfo: null for sequences and maps
    if (info === null) throw unsupported(`"${name}" is not a tensor`);
    const sizes = readSizes(library, info);
    const names = new BigUint64Array(sizes.length);
    api.GetSymbolicDimensions(info, names, sizes.length);
    const dims = sizes.map((size, axis) => {
      if (size >= 0n) return Number(size);
      return foreign.text(names[axis]!) || '?'; // as many names as sizes
    });
    return { name, type: readType(library, info, `"${name}"`), dims };
  } finally {
    api.ReleaseTypeInfo(typeInfo);
    api.AllocatorFree(allocator, namePointer);
  }
}

function readSizes({ api }: Library, info: Pointer): bigint[] {
  const sizes = new BigInt64Array(api.GetDimensionsCount(info));
  api.GetDimensions(info, sizes, sizes.length);
  return [...sizes];
}

function readType({ api }: Library, info: Pointer, where: string): ElementType {
  const code = api.GetTensorElementType(info);
  const type = elementOfCode(code);
  if (type === undefined) throw unsupported(`${where} has elements of ONNX type ${code}`);
  return type;
}

function unsupported(what: string): AnyToAnyError {
  return new AnyToAnyError(
    'RUNTIME_FAILED',
    `${what}, which this runtime does not carry. Cast it to float32, float16, int8, uint8, int32, int64 or bool inside the graph.`,
  );
}
