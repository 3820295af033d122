/**
 * Rows of marks that were not yet named, in the table and the head of the marks: the new ones take their places, all
 * others stay as they are, byte by byte. Pure.
 */
import type { Initializer, Model } from '../../onnx/model.ts';
import { blocksPerRow, type Quantization } from '../../quantize/block.ts';
import { inHalves, quantizeMatrix } from '../../quantize/matrix.ts';

/** How the products of a head are stored. */
export interface HeadStorage {
  readonly quantization: Quantization | undefined;
  readonly halves: boolean;
}

export function storageOf({ nodes, initializers }: Model): HeadStorage {
  const product = nodes.find(({ type }) => type === 'MatMulNBits');
  const { bits, block_size: block } = product?.attributes ?? {};
  const halves = initializers.some(({ type }) => type === 'f16');
  return { quantization: product && ({ bits, block } as Quantization), halves }; // as `linear` wrote it
}

/** A head with the rows `ids` replaced by those of `rows [ids, width]`. */
export function growHead(head: Model, ids: readonly number[], rows: Float32Array): Model {
  const storage = storageOf(head);
  const initializers = head.initializers.map((one): Initializer => {
    const load = replaced(one, storage, ids, rows);
    return load === undefined ? one : { ...one, load };
  });
  return { ...head, initializers };
}

function replaced(
  { name, type, dims, load }: Initializer,
  { quantization }: HeadStorage,
  ids: readonly number[],
  rows: Float32Array,
): (() => Promise<Uint8Array>) | undefined {
  const width = rows.length / ids.length;
  if (quantization !== undefined) {
    if (name !== 'head.values' && name !== 'head.scales') return undefined;
    return async () => {
      const matrix = await quantizeMatrix(rows, ids.length, width, quantization);
      const fresh = name === 'head.values' ? matrix.values : matrix.scales;
      const each = blocksPerRow(width, quantization) * (name === 'head.scales' ? 4 : dims[2]!);
      return placeRows(bytesOf(await load()), ids, bytesOf(fresh), each);
    };
  }
  if (name !== 'head' && name !== 'head.half') return undefined;
  return async () => {
    const data = bytesOf(await load()).slice();
    const fresh = bytesOf(type === 'f16' ? await inHalves(rows) : rows);
    const [classes, size] = [dims[1]!, type === 'f16' ? 2 : 4];
    for (const [row, id] of ids.entries()) {
      for (let column = 0; column < width; column++) {
        const from = (row * width + column) * size;
        data.set(fresh.subarray(from, from + size), (column * classes + id) * size);
      }
    }
    return data;
  };
}

/** A table `[rows, each]` of bytes with the rows `ids` replaced. */
export function placeRows(
  table: Uint8Array,
  ids: readonly number[],
  rows: Uint8Array,
  each: number,
): Uint8Array {
  const grown = table.slice();
  for (const [row, id] of ids.entries()) grown.set(rows.subarray(row * each, (row + 1) * each), id * each);
  return grown;
}

export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
