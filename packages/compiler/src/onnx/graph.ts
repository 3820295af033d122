/**
 * Builds a graph value by value: `op` adds a node and returns its result, to be handed to the next one.
 * Knows which operators are ONNX Runtime's own; knows nothing of models.
 */
import { AnyToAnyError } from '@any-to-any/core';
import {
  type Attribute,
  type ElementType,
  elementBytes,
  type Initializer,
  type Model,
  type Node,
  type ValueInfo,
} from './model.ts';
import type { LoadWeights } from './pieces.ts';
import { piecesOf } from './pieces.ts';

declare const valueBrand: unique symbol;
/** A value of the graph, by its name. */
export type Value = string & { readonly [valueBrand]: true };

/** Operators of the domain `com.microsoft`. SimplifiedLayerNormalization is not among them: it is registered under ''. */
const runtimeOperators = new Set([
  'GroupQueryAttention',
  'MatMulNBits',
  'MultiHeadAttention',
  'SkipSimplifiedLayerNormalization',
]);

type Attributes = Readonly<Record<string, Attribute>>;
/** An absent input is an optional one that is left out. */
type Inputs = readonly (Value | undefined)[];
/** What a constant is made of; `pieces` or `part` where it need not be held as a whole. */
type Load = Initializer['load'] & Pick<Initializer, 'pieces'> & Pick<LoadWeights, 'part'>;

export class GraphBuilder {
  readonly #name: string;
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: ValueInfo[] = [];
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<string, Initializer>();
  readonly #names = new Set<string>();

  constructor(name: string) {
    this.#name = name;
  }

  input(name: string, type: ElementType, dims: readonly (number | string)[]): Value {
    this.#inputs.push({ name, type, dims });
    return this.#claim(name);
  }

  /** Makes a value that an operator was told to write under this very name an output. */
  output(value: Value, type: ElementType, dims: readonly (number | string)[]): void {
    this.#outputs.push({ name: value, type, dims });
  }

  /** A constant; `load` is called once, when the model is written. Asking again for a name gives the same value. */
  initializer(name: string, type: ElementType, dims: readonly number[], load: Load): Value {
    const known = this.#initializers.get(name);
    if (known !== undefined) {
      if (known.type === type && `${known.dims}` === `${dims}`) return name as Value; // claimed when first added
      throw new AnyToAnyError(
        'SHAPE_MISMATCH',
        `Initialiser "${name}" is [${known.dims}], asked for as [${dims}].`,
      );
    }
    const bytes = dims.reduce((product, side) => product * side, 1) * elementBytes[type];
    // Only float32 has parts.
    const parted = load.part && (load as LoadWeights);
    const pieces = load.pieces ?? (parted && (() => piecesOf(parted, bytes / elementBytes[type])));
    this.#initializers.set(name, { name, type, dims, bytes, load, pieces });
    return this.#claim(name);
  }

  /** A small constant of floats. */
  floats(name: string, dims: readonly number[], values: ArrayLike<number>): Value {
    return this.initializer(name, 'f32', dims, () => Float32Array.from(values));
  }

  /** A small one-dimensional constant of whole numbers (shapes, split sizes), shared by all who ask for the same. */
  integers(values: readonly number[]): Value {
    return this.initializer(`integers.${values.join('.')}`, 'i64', [values.length], () =>
      BigInt64Array.from(values, BigInt),
    );
  }

  /** Adds an operator with one result, named `output` if that is given. */
  op(type: string, inputs: Inputs, attributes: Attributes = {}, output?: string): Value {
    return this.ops(type, inputs, attributes, [output])[0]!;
  }

  /** Adds an operator with several results; `null` leaves an optional one out, `undefined` makes up a name. */
  ops<const Names extends readonly (string | null | undefined)[]>(
    type: string,
    inputs: Inputs,
    attributes: Attributes,
    names: Names,
  ): { [Index in keyof Names]: Names[Index] extends null ? undefined : Value } {
    const outputs = names.map((name, i) =>
      name === null
        ? undefined
        : this.#claim(name ?? `${type}.${this.#nodes.length}${i === 0 ? '' : `.${i}`}`),
    );
    this.#nodes.push({
      type,
      domain: runtimeOperators.has(type) ? 'com.microsoft' : '',
      inputs: trimmed(inputs),
      outputs: trimmed(outputs),
      attributes,
    });
    // Mapped one to one from `names`, which the type of a map cannot say.
    return outputs as { [Index in keyof Names]: Names[Index] extends null ? undefined : Value };
  }

  build(): Model {
    return {
      name: this.#name,
      inputs: [...this.#inputs],
      outputs: [...this.#outputs],
      nodes: [...this.#nodes],
      initializers: [...this.#initializers.values()],
    };
  }

  #claim(name: string): Value {
    if (this.#names.has(name)) {
      throw new AnyToAnyError('OPTION_INVALID', `Graph "${this.#name}" already has a value "${name}".`);
    }
    this.#names.add(name);
    return name as Value; // the only place where a name becomes a value
  }
}

/** Left-out values at the end are not written at all. */
function trimmed(values: Inputs): string[] {
  const names = values.map((value) => value ?? '');
  while (names.at(-1) === '') names.pop();
  return names;
}
