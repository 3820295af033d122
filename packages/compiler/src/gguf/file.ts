/**
 * One open GGUF file, read tensor by tensor like a safetensors file; quantised weights come out as floats.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { readAt, type TensorReader } from '../safetensors/file.ts';
import type { TensorInfo } from '../safetensors/header.ts';
import { checkpointInvalid } from '../safetensors/invalid.ts';
import { type GgufHeader, type GgufTensor, type MetadataValue, parseHeader } from './header.ts';

export interface GgufReader extends TensorReader {
  readonly metadata: ReadonlyMap<string, MetadataValue>;
}

export function isGguf(path: string): boolean {
  return path.toLowerCase().endsWith('.gguf');
}

/** Opens a file and checks its whole header. The caller closes it. Throws CHECKPOINT_INVALID. */
export async function openGguf(path: string): Promise<GgufReader> {
  const handle = await openFile(path);
  try {
    return reader(path, handle, await readHeader(path, handle));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    throw checkpointInvalid(path, 'cannot be opened. Is the path right?', { cause });
  }
}

/** The header says nowhere how long it is: more is read until it ends. */
async function readHeader(path: string, handle: FileHandle): Promise<GgufHeader> {
  const { size } = await handle.stat();
  for (let length = Math.min(1 << 20, size); ; length = Math.min(length * 4, size)) {
    const header = parseHeader(path, await readAt(handle, path, 0, length), size);
    if (header !== undefined) return header; // at `size` it is complete or an error
  }
}

/** About this many elements are converted between two turns of the event loop. */
const slice = 1 << 18;

function reader(path: string, handle: FileHandle, { metadata, tensors }: GgufHeader): GgufReader {
  const find = (name: string): GgufTensor => {
    const tensor = tensors.get(name);
    if (tensor !== undefined) return tensor;
    throw checkpointInvalid(path, `tensor "${name}" is missing; there are ${tensors.size} others.`, {
      tensor: name,
    });
  };
  return {
    path,
    metadata,
    tensors: new Map([...tensors].map(([name, tensor]) => [name, infoOf(tensor)])),
    readBytes: (name) => readAt(handle, path, find(name).begin, find(name).bytes),
    async read(name, part) {
      const { type, shape, begin } = find(name);
      const { from, to } = part ?? { from: 0, to: shape.reduce((product, side) => product * side, 1) };
      const result = new Float32Array(to - from);
      // Whole blocks; the first and the last may hold more than is asked for.
      const step = Math.max(1, Math.floor(slice / type.elements));
      const last = Math.ceil(to / type.elements);
      for (let block = Math.floor(from / type.elements); block < last; block += step) {
        const count = Math.min(step, last - block);
        const values = type.decode(
          await readAt(handle, path, begin + block * type.bytes, count * type.bytes),
        );
        const at = block * type.elements - from;
        result.set(values.subarray(Math.max(0, -at), to - from - at), Math.max(0, at));
        await setImmediate();
      }
      return result;
    },
    close: () => handle.close(),
  };
}

/** Whatever the blocks are, floats come out of them. */
function infoOf({ name, shape, begin, bytes }: GgufTensor): TensorInfo {
  return { name, dtype: 'F32', shape, begin, bytes };
}
