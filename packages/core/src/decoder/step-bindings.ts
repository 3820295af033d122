/**
 * Bindings of the decoder graph: which memory a step of `rows × positions` from a first cache row reads and writes.
 * Past and present keys and values are the same tensors, so the runtime adds its rows in place.
 */
import type { Binding, NativeTensor, Session } from '../runtime/interface.ts';
import type { KvCache } from './kv-cache.ts';
import type { StepInputs } from './step-inputs.ts';

/** Decode steps repeat the same few shapes; prefill shapes are made, used and dropped. */
const keptBindings = 16;

interface Bound {
  readonly binding: Binding;
  readonly tensors: readonly NativeTensor[];
}

export class StepBindings {
  readonly #session: Session;
  readonly #cache: KvCache;
  readonly #inputs: StepInputs;
  readonly #layers: number;
  readonly #bound = new Map<string, Bound>();
  #generation = -1;

  constructor(session: Session, cache: KvCache, inputs: StepInputs, layers: number) {
    this.#session = session;
    this.#cache = cache;
    this.#inputs = inputs;
    this.#layers = layers;
  }

  async run(first: number, rows: number, positions: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#generation !== this.#cache.generation) this.close();
    this.#generation = this.#cache.generation;
    const key = `${first} ${rows} ${positions}`;
    let bound = this.#bound.get(key);
    if (!bound) {
      bound = this.#bind(first, rows, positions);
      if (positions === 1) this.#keep(key, bound);
    }
    try {
      await bound.binding.run(signal);
    } finally {
      if (positions > 1) release(bound);
    }
  }

  close(): void {
    for (const bound of this.#bound.values()) release(bound);
    this.#bound.clear();
  }

  #keep(key: string, bound: Bound): void {
    const [oldest] = this.#bound;
    if (oldest && this.#bound.size >= keptBindings) {
      release(oldest[1]);
      this.#bound.delete(oldest[0]);
    }
    this.#bound.set(key, bound);
  }

  #bind(first: number, rows: number, positions: number): Bound {
    const binding = this.#session.createBinding();
    const { inputs, hidden } = this.#inputs.tensors(rows, positions);
    const tensors = [...Object.values(inputs), hidden];
    for (const [name, tensor] of Object.entries(inputs)) binding.input(name, tensor);
    binding.output('hidden', hidden);
    for (let layer = 0; layer < this.#layers; layer++) {
      const { key, value } = this.#cache.tensors(layer, first, rows);
      binding.input(`past_key_${layer}`, key);
      binding.input(`past_value_${layer}`, value);
      binding.output(`present_key_${layer}`, key);
      binding.output(`present_value_${layer}`, value);
      tensors.push(key, value);
    }
    return { binding, tensors };
  }
}

function release({ binding, tensors }: Bound): void {
  binding.close();
  for (const tensor of tensors) tensor.dispose();
}
