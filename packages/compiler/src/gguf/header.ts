/**
 * The header of a GGUF file: metadata and where each tensor lies. Checks all that can be checked without reading data.
 * Format, versions 2 and 3: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
import { checkpointInvalid } from '../safetensors/invalid.ts';
import { type BlockType, blockTypes } from './block-types.ts';
import { Cursor } from './cursor.ts';

export type MetadataValue = number | bigint | boolean | string | readonly MetadataValue[];

export interface GgufTensor {
  readonly name: string;
  readonly type: BlockType;
  /** Row-major: the file itself names the fastest side first. */
  readonly shape: readonly number[];
  /** First byte, from the beginning of the file. */
  readonly begin: number;
  readonly bytes: number;
}

export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** `start`: the first bytes of the file; undefined if they are too few. Throws CHECKPOINT_INVALID. */
export function parseHeader(file: string, start: Uint8Array, fileBytes: number): GgufHeader | undefined {
  const cursor = new Cursor(file, start, fileBytes);
  return cursor.attempt(() => {
    const magic = cursor.u32();
    if (magic !== 0x46554747) throw checkpointInvalid(file, 'expected a GGUF file, found something else.');
    const version = cursor.u32();
    if (version !== 2 && version !== 3) {
      throw checkpointInvalid(file, `expected GGUF version 2 or 3, little endian, found ${version}.`);
    }
    // A tensor's entry takes 24 bytes at least, a key and its value 13.
    const tensorCount = cursor.count('tensors', 24);
    const metadataCount = cursor.count('metadata', 13);
    const metadata = new Map<string, MetadataValue>();
    for (let i = 0; i < metadataCount; i++) {
      const key = cursor.text();
      if (metadata.has(key)) throw checkpointInvalid(file, `metadata "${key}" is listed twice.`);
      metadata.set(key, readValue(file, cursor, cursor.u32()));
    }
    const entries = Array.from({ length: tensorCount }, () => readEntry(file, cursor));
    return { metadata, tensors: place(file, entries, cursor.at, alignmentOf(file, metadata), fileBytes) };
  });
}

function readValue(file: string, cursor: Cursor, type: number): MetadataValue {
  if (type === 9) {
    const of = cursor.u32();
    if (of === 9) throw checkpointInvalid(file, 'metadata: lists of lists are not read.');
    return Array.from({ length: cursor.count('a list', 1) }, () => readValue(file, cursor, of));
  }
  const value = cursor.value(type);
  if (value !== undefined) return value;
  throw checkpointInvalid(file, `metadata: expected a type below 13, found ${type}.`);
}

interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: BlockType;
  readonly offset: number;
}

function readEntry(file: string, cursor: Cursor): Entry {
  const name = cursor.text();
  const dimensions = cursor.u32();
  if (dimensions < 1 || dimensions > 4) {
    throw checkpointInvalid(file, `tensor "${name}": expected 1 to 4 dimensions, found ${dimensions}.`, {
      tensor: name,
    });
  }
  const shape = Array.from({ length: dimensions }, () => cursor.u64()).reverse();
  const number = cursor.u32();
  const type = blockTypes.get(number);
  if (type === undefined) {
    const known = [...blockTypes.values()].map((one) => one.name).join(', ');
    throw checkpointInvalid(file, `tensor "${name}": expected a type of ${known}, found number ${number}.`, {
      tensor: name,
    });
  }
  if (shape.at(-1)! % type.elements !== 0) {
    throw checkpointInvalid(
      file,
      `tensor "${name}": expected rows of whole blocks of ${type.elements} for ${type.name}, found ${shape.at(-1)}.`,
      { tensor: name },
    );
  }
  return { name, shape, type, offset: cursor.u64() };
}

function alignmentOf(file: string, metadata: ReadonlyMap<string, MetadataValue>): number {
  const value = metadata.get('general.alignment') ?? 32;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value % 8 === 0) return value;
  throw checkpointInvalid(file, `general.alignment: expected a multiple of 8, found ${String(value)}.`);
}

/** Offsets count from the first aligned byte behind the header; tensors may not overlap nor leave the file. */
function place(
  file: string,
  entries: readonly Entry[],
  headerEnd: number,
  alignment: number,
  fileBytes: number,
): Map<string, GgufTensor> {
  const start = Math.ceil(headerEnd / alignment) * alignment;
  const tensors = new Map<string, GgufTensor>();
  let end = start;
  let before = 'the header';
  for (const { name, shape, type, offset } of [...entries].sort((a, b) => a.offset - b.offset)) {
    const wrong = (problem: string) =>
      checkpointInvalid(file, `tensor "${name}" ${problem}`, { tensor: name });
    if (tensors.has(name)) throw wrong('is listed twice. Give each tensor one name.');
    if (offset % alignment !== 0) throw wrong(`begins at ${offset}: expected a multiple of ${alignment}.`);
    const begin = start + offset;
    if (begin < end) throw wrong(`overlaps ${before}: expected its data from byte ${end}, found ${begin}.`);
    const bytes = (shape.reduce((product, side) => product * side, 1) / type.elements) * type.bytes;
    end = begin + bytes;
    if (!(end <= fileBytes))
      throw wrong(`ends at byte ${end}, but the file has ${fileBytes}. It is truncated.`);
    before = `"${name}"`;
    tensors.set(name, { name, shape, type, begin, bytes });
  }
  return tensors;
}
