/**
 * Holds a checkpoint's file against what the graphs need of it: every tensor that is needed is there with its shape,
 * and nothing is there that no graph needs. Graphs declare their tensors while they are built, so there is no list.
 */
import type { Weights } from '../blocks/build.ts';
import { isFloating } from '../safetensors/dtype.ts';
import { find, type TensorReader } from '../safetensors/file.ts';
import { checkpointInvalid } from '../safetensors/invalid.ts';

export interface Ledger {
  /** Notes what is needed; loads from the file. A value that is not finite is CHECKPOINT_INVALID. */
  readonly weights: Weights;
  /** Throws CHECKPOINT_INVALID for the first tensor that is missing, of another shape or type, or left over. */
  check(): void;
}

export function openLedger(reader: TensorReader): Ledger {
  const needed = new Map<string, readonly number[]>();
  return {
    weights(name, shape) {
      needed.set(name, shape);
      return async () => checkFinite(reader, name, await reader.read(name));
    },
    check() {
      for (const [name, shape] of needed) checkTensor(reader, name, shape);
      for (const name of reader.tensors.keys()) {
        if (!needed.has(name)) {
          throw checkpointInvalid(
            reader.path,
            `tensor "${name}" belongs to nothing the config describes. Is a flag of config.json off that was on in training?`,
            { tensor: name },
          );
        }
      }
    },
  };
}

/** A training run that blew up leaves NaN or infinity; either times zero is NaN. */
function checkFinite(reader: TensorReader, name: string, values: Float32Array): Float32Array {
  let probe = 0;
  for (let i = 0; i < values.length; i++) probe += values[i]! * 0;
  if (probe === 0) return values;
  const at = values.findIndex((value) => !Number.isFinite(value));
  throw checkpointInvalid(
    reader.path,
    `tensor "${name}": expected finite values, found ${values[at]} at ${at}. Take a checkpoint from before training failed.`,
    { tensor: name },
  );
}

function checkTensor(reader: TensorReader, name: string, shape: readonly number[]): void {
  const { dtype, shape: found } = find(reader.path, reader.tensors, name);
  const wrong = (expected: string, got: string) =>
    checkpointInvalid(reader.path, `tensor "${name}": expected ${expected}, found ${got}.`, {
      tensor: name,
      expected,
      found: got,
    });
  if (!isFloating(dtype)) throw wrong('F32, F16, BF16 or F64', dtype);
  if (`${found}` !== `${shape}`) throw wrong(`[${shape.join(', ')}]`, `[${found.join(', ')}]`);
}
