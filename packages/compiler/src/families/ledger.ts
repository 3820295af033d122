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
  /**
   * For a tensor that is arithmetic and no weight: graphs make it themselves. If the file has it, its values must be
   * `expected` to 1e-4 of the largest; throws CHECKPOINT_INVALID.
   */
  constant(name: string, shape: readonly number[], expected: Float32Array): Promise<void>;
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
    async constant(name, shape, expected) {
      if (!reader.tensors.has(name)) return;
      needed.set(name, shape);
      checkTensor(reader, name, shape);
      checkSame(reader, name, await reader.read(name), expected);
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

function checkSame(reader: TensorReader, name: string, values: Float32Array, expected: Float32Array): void {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const at = values.findIndex((value, i) => !(Math.abs(value - expected[i]!) <= 1e-4 * largest));
  if (at === -1) return;
  throw checkpointInvalid(
    reader.path,
    `tensor "${name}" is a constant of the family: expected ${expected[at]} at ${at}, found ${values[at]}.`,
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
