/**
 * Weight norm (Salimans & Kingma 2016, arXiv 1602.07868): a tensor stored as direction and magnitude, `w = g v / |v|`
 * with the length over all axes but the first. Seen through this, a checkpoint has the plain tensors it stands for.
 */
import type { TensorReader } from '../safetensors/file.ts';
import type { TensorInfo } from '../safetensors/header.ts';
import { checkpointInvalid } from '../safetensors/invalid.ts';

/** How magnitude and direction of `NAME.weight` are called: now, and before PyTorch had parametrizations. */
const namings = [
  { magnitude: '.parametrizations.weight.original0', direction: '.parametrizations.weight.original1' },
  { magnitude: '.weight_g', direction: '.weight_v' },
] as const;

interface Pair {
  readonly magnitude: TensorInfo;
  readonly direction: TensorInfo;
}

/** Throws CHECKPOINT_INVALID where one of two is missing or the magnitude is not `[first axis, 1, …]`. */
export function foldWeightNorm(reader: TensorReader): TensorReader {
  const tensors = new Map(reader.tensors);
  const pairs = new Map<string, Pair>();
  for (const [name, direction] of reader.tensors) {
    for (const naming of namings) {
      if (name.endsWith(naming.magnitude)) findPart(reader, name, naming.magnitude, naming.direction);
      if (!name.endsWith(naming.direction)) continue;
      const magnitude = findPart(reader, name, naming.direction, naming.magnitude);
      checkMagnitude(reader, magnitude, direction);
      const folded = `${name.slice(0, -naming.direction.length)}.weight`;
      if (tensors.has(folded)) {
        throw checkpointInvalid(
          reader.path,
          `tensor "${folded}" is there twice: as it is, and as "${name}". Keep one of them.`,
          { tensor: folded },
        );
      }
      tensors.delete(magnitude.name);
      tensors.delete(name);
      tensors.set(folded, { ...direction, name: folded });
      pairs.set(folded, { magnitude, direction });
    }
  }
  return {
    ...reader,
    tensors,
    async read(name) {
      const pair = pairs.get(name);
      if (pair === undefined) return reader.read(name);
      const direction = await reader.read(pair.direction.name);
      return scaled(direction, await reader.read(pair.magnitude.name));
    },
  };
}

function findPart({ path, tensors }: TensorReader, name: string, ending: string, other: string): TensorInfo {
  const wanted = `${name.slice(0, -ending.length)}${other}`;
  const found = tensors.get(wanted);
  if (found !== undefined) return found;
  throw checkpointInvalid(path, `tensor "${wanted}" is missing; "${name}" is there.`, { tensor: wanted });
}

function checkMagnitude({ path }: TensorReader, magnitude: TensorInfo, direction: TensorInfo): void {
  const expected = direction.shape.map((side, axis) => (axis === 0 ? side : 1));
  if (`${magnitude.shape}` === `${expected}`) return;
  throw checkpointInvalid(
    path,
    `tensor "${magnitude.name}": expected [${expected.join(', ')}], found [${magnitude.shape.join(', ')}].`,
    { tensor: magnitude.name, expected, found: magnitude.shape },
  );
}

/** `[2, 2]` directions 3 4 0 5 with magnitudes 10 1 make 6 8 0 1. */
function scaled(direction: Float32Array, magnitude: Float32Array): Float32Array {
  const result = new Float32Array(direction.length);
  const row = direction.length / magnitude.length;
  magnitude.forEach((length, i) => {
    let squares = 0;
    for (let at = i * row; at < (i + 1) * row; at++) squares += direction[at]! ** 2;
    for (let at = i * row; at < (i + 1) * row; at++) {
      result[at] = (direction[at]! * length) / Math.sqrt(squares);
    }
  });
  return result;
}
