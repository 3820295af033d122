/**
 * Checks before anything reaches ONNX Runtime: options, names, types, shapes, places in memory.
 * Every function throws a coded error with both sides in it, or returns.
 */
import type { Tensor } from '../contract/graph.ts';
import { AnyToAnyError } from '../errors.ts';
import { count, elementBytes, elementTypes, holds, isElementType } from './element.ts';
import type { ElementType, TensorInfo } from './interface.ts';

/** `[1, rows, 64]`. */
export function formatDims(dims: readonly (number | string)[]): string {
  return `[${dims.join(', ')}]`;
}

export function checkDims(dims: readonly number[], where: string): void {
  for (const dim of dims) {
    if (!Number.isSafeInteger(dim) || dim < 0) {
      throw new AnyToAnyError(
        'SHAPE_MISMATCH',
        `${where} has shape ${formatDims(dims)}; sizes are whole and not negative.`,
        { got: [...dims] },
      );
    }
  }
}

export function checkElementType(type: unknown): asserts type is ElementType {
  if (isElementType(type)) return;
  const known = elementTypes.join(', ');
  throw new AnyToAnyError(
    'OPTION_INVALID',
    `There is no element type "${String(type)}". There are: ${known}.`,
  );
}

/** Checks that `length` elements at `byteOffset` lie inside `bytes` and are aligned. */
export function checkPlace(type: ElementType, byteOffset: number, length: number, bytes: number): void {
  const size = elementBytes(type);
  if (!Number.isSafeInteger(byteOffset) || byteOffset < 0 || byteOffset % size !== 0) {
    throw new AnyToAnyError(
      'OPTION_INVALID',
      `The byte offset of ${type} elements must be a multiple of ${size}, not ${byteOffset}.`,
      { byteOffset },
    );
  }
  if (!Number.isSafeInteger(length) || length < 0 || byteOffset + length * size > bytes) {
    throw new AnyToAnyError(
      'SHAPE_MISMATCH',
      `${length} ${type} elements at byte ${byteOffset} do not fit into ${bytes} bytes of memory. Allocate more.`,
      { byteOffset, length, bytes },
    );
  }
}

export function findInfo(infos: readonly TensorInfo[], name: string, what: 'input' | 'output'): TensorInfo {
  const info = infos.find((candidate) => candidate.name === name);
  if (info !== undefined) return info;
  const known = infos.map((candidate) => candidate.name).join(', ');
  throw new AnyToAnyError('OPTION_UNKNOWN', `The graph has no ${what} "${name}". It has: ${known}.`, {
    option: name,
  });
}

/** Checks type, rank and fixed sizes of a tensor against what the graph declares. */
export function checkTensor(
  info: TensorInfo,
  type: ElementType,
  dims: readonly number[],
  what: 'input' | 'output',
): void {
  const fits =
    type === info.type &&
    dims.length === info.dims.length &&
    info.dims.every((dim, axis) => typeof dim === 'string' || dim === dims[axis]);
  if (fits) return;
  throw new AnyToAnyError(
    'SHAPE_MISMATCH',
    `The ${what} "${info.name}" is ${info.type} ${formatDims(info.dims)}, not ${type} ${formatDims(dims)}.`,
    { expected: [...info.dims], got: [...dims] },
  );
}

/** Checks one feed of `evaluate`: the right kind of array, with exactly as many elements as its shape says. */
export function checkFeed(info: TensorInfo, tensor: Tensor): void {
  const where = `The feed of "${info.name}"`;
  if (!Array.isArray(tensor.dims)) {
    throw new AnyToAnyError(
      'SHAPE_MISMATCH',
      `${where} must be { data, dims }, as ${formatDims(info.dims)}.`,
    );
  }
  checkDims(tensor.dims, where);
  if (!holds(info.type, tensor.data)) {
    throw new AnyToAnyError(
      'SHAPE_MISMATCH',
      `${where} must be ${info.type} ${formatDims(info.dims)}, not a ${arrayName(tensor.data)} of ${formatDims(tensor.dims)}.`,
      { expected: [...info.dims], got: [...tensor.dims] },
    );
  }
  checkTensor(info, info.type, tensor.dims, 'input');
  if (tensor.data.length !== count(tensor.dims)) {
    throw new AnyToAnyError(
      'SHAPE_MISMATCH',
      `${where} has shape ${formatDims(tensor.dims)}, so ${count(tensor.dims)} elements, but ${tensor.data.length} came.`,
      { expected: count(tensor.dims), got: tensor.data.length },
    );
  }
}

/** Checks that every input has a feed and every feed an input. */
export function checkFeeds(infos: readonly TensorInfo[], feeds: Readonly<Record<string, Tensor>>): void {
  for (const name of Object.keys(feeds)) findInfo(infos, name, 'input');
  for (const info of infos) {
    const feed = feeds[info.name];
    if (feed === undefined) throw missing(info);
    checkFeed(info, feed);
  }
}

/** Checks that every input of a binding is bound. */
export function checkBound(infos: readonly TensorInfo[], isBound: (name: string) => boolean): void {
  for (const info of infos) if (!isBound(info.name)) throw missing(info);
}

function missing(info: TensorInfo): AnyToAnyError {
  return new AnyToAnyError(
    'SHAPE_MISMATCH',
    `The input "${info.name}", ${info.type} ${formatDims(info.dims)}, was not given.`,
    { expected: [...info.dims] },
  );
}

function arrayName(data: unknown): string {
  return Object.prototype.toString.call(data).slice('[object '.length, -1);
}
