/**
 * One open safetensors file. Node cannot map files, so data is read tensor by tensor with positioned reads:
 * nothing is held but the header, and a read allocates one tensor.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { type DType, dtypeBytes, toFloat32 } from './dtype.ts';
import { headerLength, parseHeader, type TensorInfo } from './header.ts';
import { checkpointInvalid } from './invalid.ts';

/** Named tensors that can be read one at a time: one file, or a sharded set of them. */
export interface TensorReader {
  /** Where the tensors come from, for messages. */
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** The values as float32, row-major, or a part of them. Unknown names are CHECKPOINT_INVALID. */
  read(name: string, part?: Part): Promise<Float32Array>;
  /** The bytes as they stand in the file. */
  readBytes(name: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Elements `from … to−1`, counted row-major. */
export interface Part {
  readonly from: number;
  readonly to: number;
}

/** Largest single read: keeps below the 2 GiB limit of one call and lets the event loop breathe. */
const slab = 64 * 1024 * 1024;

/** Opens a file and checks its whole header. The caller closes it. */
export async function openSafetensors(path: string): Promise<TensorReader> {
  const handle = await openFile(path);
  try {
    const { size } = await handle.stat();
    const prefix = await readAt(handle, path, 0, Math.min(8, size));
    const length = headerLength(path, prefix, size);
    const json = new TextDecoder().decode(await readAt(handle, path, 8, length));
    const tensors = new Map(parseHeader(path, json, size).map((info) => [info.name, info]));
    return reader(path, handle, tensors);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function reader(path: string, handle: FileHandle, tensors: ReadonlyMap<string, TensorInfo>): TensorReader {
  const readBytes = async (name: string): Promise<Uint8Array> => {
    const { begin, bytes } = find(path, tensors, name);
    return readAt(handle, path, begin, bytes);
  };
  return {
    path,
    tensors,
    readBytes,
    async read(name, part) {
      const { dtype, begin, bytes } = find(path, tensors, name);
      const size = dtypeBytes[dtype];
      const { from, to } = part ?? { from: 0, to: bytes / size };
      return readFloats(handle, path, dtype, begin + from * size, to - from);
    },
    close: () => handle.close(),
  };
}

/** Elements converted between two turns of the event loop. */
const slice = 1 << 20;

/** float32 needs no conversion; everything else is read and converted slice by slice, so it is never held twice. */
async function readFloats(
  handle: FileHandle,
  path: string,
  dtype: DType,
  begin: number,
  elements: number,
): Promise<Float32Array> {
  const size = dtypeBytes[dtype];
  const read = (from: number, to: number) => readAt(handle, path, begin + from * size, (to - from) * size);
  if (dtype === 'F32' || elements <= slice) return toFloat32(await read(0, elements), dtype);
  const result = new Float32Array(elements);
  for (let from = 0; from < elements; from += slice) {
    result.set(toFloat32(await read(from, Math.min(elements, from + slice)), dtype), from);
    await setImmediate();
  }
  return result;
}

/** The entry of a tensor, or CHECKPOINT_INVALID. */
export function find(path: string, tensors: ReadonlyMap<string, TensorInfo>, name: string): TensorInfo {
  const info = tensors.get(name);
  if (info === undefined) {
    throw checkpointInvalid(path, `tensor "${name}" is missing; there are ${tensors.size} others.`, {
      tensor: name,
    });
  }
  return info;
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    throw checkpointInvalid(path, 'cannot be opened. Is the path right?', { cause });
  }
}

/** Exactly `length` bytes from `position`, in a buffer of its own (so aligned to every element type). */
export async function readAt(
  handle: FileHandle,
  path: string,
  position: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const wanted = Math.min(slab, length - done);
    const { bytesRead } = await handle.read(bytes, done, wanted, position + done);
    if (bytesRead === 0) {
      throw checkpointInvalid(
        path,
        `expected ${length} bytes at ${position}, found ${done}. It is truncated.`,
      );
    }
    done += bytesRead;
  }
  return bytes;
}
