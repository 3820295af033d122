/**
 * Holds a checkpoint's file against what the graphs need of it: every tensor that is needed is there with its shape,
 * and nothing is there that no graph needs. Graphs declare their tensors while they are built, so there is no list.
 */
import type { Weights } from '../blocks/build.ts';
import type { LoadWeights } from '../onnx/pieces.ts';
import { partsOf } from '../onnx/pieces.ts';
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
      const elements = shape.reduce((product, side) => product * side, 1);
      const read = partsOf(readerParts(reader, name, elements));
      const part = async (from: number, to: number) => checkFinite(reader, name, await read(from, to), from);
      const whole = async () => checkFinite(reader, name, await reader.read(name), 0);
      return Object.assign(whole, { part });
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

/** What stands between may know only whole tensors, as one that moves their rows: then there are no parts. */
function readerParts(reader: TensorReader, name: string, elements: number): LoadWeights {
  const whole = partsOf(() => reader.read(name));
  let parts = true;
  const part = async (from: number, to: number): Promise<Float32Array> => {
    if (!parts) return whole(from, to);
    const values = await reader.read(name, { from, to });
    if (values.length === to - from) return values;
    parts = false;
    return whole(from, to);
  };
  return Object.assign(() => part(0, elements), { part });
}

/** A training run that blew up leaves NaN or infinity; either times zero is NaN. `from`: where the values begin. */
function checkFinite(reader: TensorReader, name: string, values: Float32Array, from: number): Float32Array {
  let probe = 0;
  for (let i = 0; i < values.length; i++) probe += values[i]! * 0;
  if (probe === 0) return values;
  const at = values.findIndex((value) => !Number.isFinite(value));
  throw checkpointInvalid(
    reader.path,
    `tensor "${name}": expected finite values, found ${values[at]} at ${from + at}. Take a checkpoint from before training failed.`,
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
