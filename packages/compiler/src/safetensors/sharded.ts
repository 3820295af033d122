/**
 * A checkpoint split over several files: an index names the file of each tensor.
 * The index is input from outside, so a file name may not leave the directory of the index.
 */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { find, openSafetensors, type TensorReader } from './file.ts';
import { headerLimit, type TensorInfo } from './header.ts';
import { checkpointInvalid } from './invalid.ts';

/** Opens `x.safetensors.index.json` and every file it names. The caller closes it. */
export async function openSharded(indexPath: string): Promise<TensorReader> {
  const weightMap = parseIndex(indexPath, await readIndex(indexPath));
  const shards = new Map<string, TensorReader>();
  const close = async (): Promise<void> => {
    await Promise.all([...shards.values()].map((shard) => shard.close()));
  };
  try {
    for (const file of new Set(weightMap.values())) {
      shards.set(file, await openSafetensors(join(dirname(indexPath), file)));
    }
    const tensors = collect(indexPath, weightMap, shards);
    const shardOf = (name: string): TensorReader => {
      find(indexPath, tensors, name);
      return shards.get(weightMap.get(name)!)!;
    };
    return {
      path: indexPath,
      tensors,
      read: async (name, part) => shardOf(name).read(name, part),
      readBytes: async (name) => shardOf(name).readBytes(name),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function readIndex(path: string): Promise<string> {
  const { size = 0 } = (await stat(path).catch(() => undefined)) ?? {};
  if (size > headerLimit) {
    throw checkpointInvalid(path, `expected an index of at most ${headerLimit} bytes, found ${size}.`);
  }
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw checkpointInvalid(path, 'cannot be read. Is the path right?', { cause });
  }
}

/** Tensor name → file name. */
function parseIndex(path: string, json: string): Map<string, string> {
  let weightMap: unknown;
  try {
    weightMap = (JSON.parse(json) as { weight_map?: unknown } | null)?.weight_map; // checked below
  } catch (cause) {
    throw checkpointInvalid(path, 'expected JSON, found something else.', { cause });
  }
  if (typeof weightMap !== 'object' || weightMap === null || Array.isArray(weightMap)) {
    throw checkpointInvalid(path, 'expected an object "weight_map" from tensor to file.');
  }
  const map = new Map<string, string>();
  for (const [tensor, file] of Object.entries(weightMap)) map.set(tensor, checkFile(path, tensor, file));
  return map;
}

/** Only plain names: no separators of any platform, no `..`, no drive. */
function checkFile(path: string, tensor: string, file: unknown): string {
  if (typeof file === 'string' && /^[\w.-]+\.safetensors$/.test(file)) return file;
  throw checkpointInvalid(
    path,
    `tensor "${tensor}": expected the name of a .safetensors file in the same directory, found ${JSON.stringify(file)}.`,
    { tensor },
  );
}

/** Every tensor of every file must be in the index with that file, and the other way round. */
function collect(
  path: string,
  weightMap: ReadonlyMap<string, string>,
  shards: ReadonlyMap<string, TensorReader>,
): Map<string, TensorInfo> {
  const tensors = new Map<string, TensorInfo>();
  for (const [file, shard] of shards) {
    for (const info of shard.tensors.values()) {
      const expected = weightMap.get(info.name);
      if (expected !== file) {
        throw checkpointInvalid(
          path,
          `tensor "${info.name}" stands in ${file}, but the index says ${expected ?? 'nothing about it'}.`,
          { tensor: info.name },
        );
      }
      tensors.set(info.name, info);
    }
  }
  for (const [tensor, file] of weightMap) {
    if (!tensors.has(tensor)) {
      throw checkpointInvalid(path, `tensor "${tensor}" is missing from ${file}.`, { tensor });
    }
  }
  return tensors;
}
