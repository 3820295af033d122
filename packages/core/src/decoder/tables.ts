/**
 * Embedding tables of a bundle's ports: local id → embedding. Kept in the file's own precision; a large one stays in its
 * file, of which a step reads a few rows.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { PortDescription } from '../bundle/manifest.ts';
import type { Bundle } from '../bundle/open.ts';
import { AnyToAnyError } from '../errors.ts';

export interface EmbeddingTable {
  readonly rows: number;
  /** Writes the embedding of `id` to `target` at `offset`. Throws ID_OUT_OF_RANGE. */
  write(id: number, target: Float32Array, offset: number): void;
  close(): void;
}

/** Bytes from which a table stays in its file. A row of a large vocabulary is read in microseconds. */
const large = 1 << 26;

export async function openTable(
  bundle: Bundle,
  port: string,
  width: number,
  heldBelow = large,
): Promise<EmbeddingTable> {
  const description = bundle.manifest.ports[port]?.table;
  if (!description) {
    throw new AnyToAnyError(
      'MODALITY_UNKNOWN',
      `The model cannot read ids of "${port}": its port has no table.`,
      {
        modality: port,
      },
    );
  }
  return openRows(bundle, description, port, width, heldBelow);
}

/** `[rows, width]` of a file; `port` is whose they are. */
export async function openRows(
  bundle: Bundle,
  description: NonNullable<PortDescription['table']>,
  port: string,
  width: number,
  heldBelow = large,
): Promise<EmbeddingTable> {
  const { file, type, rows } = description;
  const rowBytes = width * (type === 'float16' ? 2 : 4);
  const expected = rows * rowBytes;
  const { bytes: found } = bundle.manifest.files[file]!; // the bundle was checked to list it, and its size
  if (found !== expected) {
    throw new AnyToAnyError(
      'SHAPE_MISMATCH',
      `${file} should hold [${rows}, ${width}] of ${type} in ${expected} bytes, but has ${found}. ` +
        'Compile the bundle again.',
      { file, expected: [rows, width] },
    );
  }
  const of = type === 'float16' ? halfRows : floatRows;
  const { copy, close } =
    expected < heldBelow
      ? { copy: of(await bundle.read(file), width), close: () => {} }
      : rowsOfFile(bundle.path(file), rowBytes, (row) => of(row, width));
  return {
    rows,
    write(id, target, offset) {
      if (!Number.isInteger(id) || id < 0 || id >= rows) {
        throw new AnyToAnyError('ID_OUT_OF_RANGE', `Expected an id of ${port} in 0…${rows - 1}, got ${id}.`, {
          modality: port,
          id,
        });
      }
      copy(id, target, offset);
    },
    close,
  };
}

/** Reads one row at a time, into the same buffer. */
function rowsOfFile(
  path: string,
  rowBytes: number,
  copyOf: (row: Uint8Array) => CopyRow,
): { copy: CopyRow; close: () => void } {
  let file: number | undefined = openSync(path, 'r');
  const row = new Uint8Array(new ArrayBuffer(rowBytes)); // a buffer of its own, which `aligned` takes as it is
  const copyRow = copyOf(row);
  return {
    copy(id, target, offset) {
      for (let done = 0; done < rowBytes; ) {
        const read = readSync(file!, row, done, rowBytes - done, id * rowBytes + done); // open until it is closed
        if (read === 0) throw truncated(path);
        done += read;
      }
      copyRow(0, target, offset);
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

function truncated(path: string): AnyToAnyError {
  return new AnyToAnyError(
    'BUNDLE_HASH_MISMATCH',
    `${path} became shorter while it was open. Open it again.`,
    {
      path,
    },
  );
}

type CopyRow = (id: number, target: Float32Array, offset: number) => void;

function floatRows(bytes: Uint8Array, width: number): CopyRow {
  const values = new Float32Array(aligned(bytes, 4));
  return (id, target, offset) => target.set(values.subarray(id * width, (id + 1) * width), offset);
}

function halfRows(bytes: Uint8Array, width: number): CopyRow {
  const values = new Uint16Array(aligned(bytes, 2));
  return (id, target, offset) => {
    for (let i = 0; i < width; i++) target[offset + i] = halfToFloat(values[id * width + i]!);
  };
}

/** IEEE 754 binary16 → number: 0x3c00 → 1, 0xc000 → −2, 0x0001 → 2⁻²⁴. */
export function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function aligned(bytes: Uint8Array, size: number): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes;
  const reusable = buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength;
  return reusable && byteLength % size === 0 ? buffer : bytes.slice().buffer;
}
