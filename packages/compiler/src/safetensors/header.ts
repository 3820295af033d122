/**
 * The header of a safetensors file: 8 bytes of length (little endian), then JSON, then the data.
 * Checks everything that can be checked without reading data; `file.ts` reads what it describes.
 * Format: https://github.com/huggingface/safetensors (README, "Format").
 */
import { type DType, dtypeBytes, isDType } from './dtype.ts';
import { checkpointInvalid } from './invalid.ts';

/** One tensor: its type, shape, and where its bytes lie in the file. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** First byte, from the beginning of the file. */
  readonly begin: number;
  readonly bytes: number;
}

/** The same limit as the reference implementation. */
export const headerLimit = 100_000_000;

/** Checks the length in the first 8 bytes against the size of the file. */
export function headerLength(file: string, prefix: Uint8Array, fileBytes: number): number {
  if (prefix.length < 8) {
    throw checkpointInvalid(
      file,
      `expected at least 8 bytes, found ${prefix.length}. The file is truncated.`,
    );
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, 8);
  const length = Number(view.getBigUint64(0, true));
  if (length > headerLimit || length + 8 > fileBytes) {
    const most = Math.min(headerLimit, fileBytes - 8);
    throw checkpointInvalid(
      file,
      `expected a header of at most ${most} bytes, found one of ${length}. The file is truncated or not safetensors.`,
    );
  }
  return length;
}

/** The tensors of a header in the order of their data; `fileBytes` is the size of the whole file. */
export function parseHeader(file: string, json: string, fileBytes: number): TensorInfo[] {
  const keys = outerKeys(json);
  if (keys === undefined) {
    throw checkpointInvalid(file, 'expected a JSON header of tensors, found one that is nested deeper.');
  }
  const parsed = parseObject(file, json);
  const twice = repeated(keys);
  if (twice !== undefined) {
    throw checkpointInvalid(file, `tensor "${twice}" is listed twice. Give each tensor one name.`, {
      tensor: twice,
    });
  }
  const start = 8 + new TextEncoder().encode(json).length;
  const tensors: TensorInfo[] = [];
  for (const [name, entry] of Object.entries(parsed)) {
    if (name !== '__metadata__') tensors.push(parseEntry(file, name, entry, start));
  }
  tensors.sort((a, b) => a.begin - b.begin || a.bytes - b.bytes);
  checkCoverage(file, tensors, start, fileBytes);
  return tensors;
}

function parseObject(file: string, json: string): object {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    throw checkpointInvalid(file, 'expected a JSON header, found something else.', { cause });
  }
  throw checkpointInvalid(file, 'expected the header to be a JSON object.');
}

function parseEntry(file: string, name: string, entry: unknown, start: number): TensorInfo {
  const wrong = (expected: string, found: unknown) =>
    checkpointInvalid(file, `tensor "${name}": expected ${expected}, found ${JSON.stringify(found)}.`, {
      tensor: name,
    });
  if (typeof entry !== 'object' || entry === null) throw wrong('an object', entry);
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>; // an object: keys may be absent
  if (!isDType(dtype)) throw wrong(`one of ${Object.keys(dtypeBytes).join(', ')} as dtype`, dtype);
  if (!isCounts(shape)) throw wrong('a shape of whole numbers', shape);
  if (!isCounts(offsets) || offsets.length !== 2) throw wrong('two data_offsets', offsets);
  const [begin, end] = offsets as [number, number]; // its length was checked
  const bytes = shape.reduce((product, side) => product * side, 1) * dtypeBytes[dtype];
  if (end - begin !== bytes) throw wrong(`${bytes} bytes for ${dtype} [${shape}]`, end - begin);
  return { name, dtype, shape, begin: start + begin, bytes };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((side) => Number.isSafeInteger(side) && side >= 0);
}

/** The data must be covered exactly: no overlap, no hole, no missing or left-over end. */
function checkCoverage(file: string, tensors: readonly TensorInfo[], start: number, fileBytes: number): void {
  let at = start;
  let before = 'the header';
  for (const { name, begin, bytes } of tensors) {
    if (begin !== at) {
      const how = begin < at ? 'overlaps' : 'leaves a hole after';
      throw checkpointInvalid(
        file,
        `tensor "${name}" ${how} ${before}: expected its data at byte ${at}, found ${begin}.`,
        { tensor: name },
      );
    }
    at = begin + bytes;
    before = `"${name}"`;
    if (at > fileBytes) {
      throw checkpointInvalid(
        file,
        `tensor "${name}" ends at byte ${at}, but the file has ${fileBytes}. It is truncated.`,
        { tensor: name },
      );
    }
  }
  if (at !== fileBytes) {
    throw checkpointInvalid(file, `expected ${at} bytes, found ${fileBytes}: the end belongs to no tensor.`);
  }
}

/** `{ tensor: { data_offsets: [` is as deep as a header goes. */
const deepest = 3;

/**
 * The keys of the outermost object as they are written, each with the colon that follows; undefined if something is
 * nested deeper, which takes more memory than the file has bytes when it is parsed. Text that is no JSON gives anything.
 */
function outerKeys(json: string): string[] | undefined {
  const keys: string[] = [];
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const sign = json[at];
    if (sign === '{' || sign === '[') {
      if (++depth > deepest) return undefined;
    } else if (sign === '}' || sign === ']') {
      depth--;
    } else if (sign === '"') {
      const begin = at;
      for (at++; at < json.length && json[at] !== '"'; at++) if (json[at] === '\\') at++;
      if (depth === 1 && /^\s*:/.test(json.slice(at + 1, at + 16))) keys.push(json.slice(begin, at + 1));
    }
  }
  return keys;
}

/** `JSON.parse` would silently keep the last. */
function repeated(keys: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (const written of keys) {
    const key = String(JSON.parse(written));
    if (seen.has(key)) return key;
    seen.add(key);
  }
  return undefined;
}
