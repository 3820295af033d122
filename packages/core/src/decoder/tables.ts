/**
 * Embedding tables of a bundle's ports: local id → embedding. Kept in the file's own precision.
 */
import type { Bundle } from '../bundle/open.ts';
import { AnyToAnyError } from '../errors.ts';

export interface EmbeddingTable {
  readonly rows: number;
  /** Writes the embedding of `id` to `target` at `offset`. Throws ID_OUT_OF_RANGE. */
  write(id: number, target: Float32Array, offset: number): void;
}

export async function openTable(bundle: Bundle, port: string, width: number): Promise<EmbeddingTable> {
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
  const { file, type, rows } = description;
  const bytes = await bundle.read(file);
  const expected = rows * width * (type === 'float16' ? 2 : 4);
  if (bytes.byteLength !== expected) {
    throw new AnyToAnyError(
      'SHAPE_MISMATCH',
      `${file} should hold [${rows}, ${width}] of ${type} in ${expected} bytes, but has ${bytes.byteLength}. ` +
        'Compile the bundle again.',
      { file, expected: [rows, width] },
    );
  }
  const copy = type === 'float16' ? halfRows(bytes, width) : floatRows(bytes, width);
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
  };
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
