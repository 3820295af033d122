/**
 * Writes a safetensors file: header, then data in the given order without holes. The opposite of `file.ts`.
 */
import { open } from 'node:fs/promises';
import { AnyToAnyError } from '@any-to-any/core';
import { type DType, dtypeBytes } from './dtype.ts';

export interface TensorToWrite {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The elements in the byte order of the platform, little endian. */
  readonly data: NodeJS.ArrayBufferView;
}

/** Overwrites `path`. A shape that does not fit its data, or a name given twice, is an error before anything is written. */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const prefix = encodeHeader(tensors, metadata);
  const file = await open(path, 'w');
  try {
    await file.writev([prefix, ...tensors.map(({ data }) => data)]);
  } finally {
    await file.close();
  }
}

/** Length and JSON, padded with spaces so that the data begins at a multiple of 8. */
function encodeHeader(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> | undefined,
): Uint8Array {
  const entries = new Map<string, unknown>();
  if (metadata !== undefined) entries.set('__metadata__', metadata);
  let at = 0;
  for (const { name, dtype, shape, data } of tensors) {
    const bytes = shape.reduce((product, side) => product * side, 1) * dtypeBytes[dtype];
    if (bytes !== data.byteLength) {
      throw new AnyToAnyError(
        'SHAPE_MISMATCH',
        `Tensor "${name}": ${dtype} [${shape}] takes ${bytes} bytes, the data has ${data.byteLength}.`,
      );
    }
    if (entries.has(name)) {
      throw new AnyToAnyError('OPTION_INVALID', `Tensor "${name}" is given twice. Give each one name.`);
    }
    entries.set(name, { dtype, shape, data_offsets: [at, at + bytes] });
    at += bytes;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const padded = Math.ceil(json.length / 8) * 8;
  const prefix = new Uint8Array(8 + padded).fill(0x20);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(padded), true);
  prefix.set(json, 8);
  return prefix;
}
