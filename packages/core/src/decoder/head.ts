/**
 * One port's head: hidden states → logits, for as many rows as need it in this step.
 */
import type { Binding, Device, Memory, NativeTensor, Session } from '../runtime/interface.ts';

interface Bound {
  readonly rows: number;
  readonly binding: Binding;
  readonly tensors: readonly NativeTensor[];
  readonly memory: readonly Memory[];
  readonly hidden: Float32Array;
  readonly logits: Float32Array;
}

export class Head {
  readonly #device: Device;
  readonly #session: Session;
  readonly #width: number;
  readonly #classes: number;
  /** By number of rows. */
  readonly #bound = new Map<number, Bound>();

  constructor(device: Device, session: Session, width: number, classes: number) {
    this.#device = device;
    this.#session = session;
    this.#width = width;
    this.#classes = classes;
  }

  /** `states`: one hidden state of `width` per row. Returns one array of `classes` per row. */
  async run(states: readonly Float32Array[], signal: AbortSignal | undefined): Promise<Float32Array[]> {
    const bound = this.#bind(states.length);
    states.forEach((state, row) => {
      bound.hidden.set(state, row * this.#width);
    });
    await bound.binding.run(signal);
    return states.map((_, row) => bound.logits.slice(row * this.#classes, (row + 1) * this.#classes));
  }

  close(): void {
    for (const { binding, tensors, memory } of this.#bound.values()) {
      binding.close();
      for (const tensor of tensors) tensor.dispose();
      for (const part of memory) part.free();
    }
    this.#bound.clear();
    this.#session.close();
  }

  #bind(rows: number): Bound {
    const known = this.#bound.get(rows);
    if (known) return known;
    const hiddenMemory = this.#device.allocate(rows * this.#width * 4);
    const logitsMemory = this.#device.allocate(rows * this.#classes * 4);
    const hidden = this.#device.tensor(hiddenMemory, 'float32', [rows, this.#width]);
    const logits = this.#device.tensor(logitsMemory, 'float32', [rows, this.#classes]);
    const binding = this.#session.createBinding();
    binding.input('hidden', hidden);
    binding.output('logits', logits);
    const bound: Bound = {
      rows,
      binding,
      tensors: [hidden, logits],
      memory: [hiddenMemory, logitsMemory],
      hidden: hiddenMemory.view('float32'),
      logits: logitsMemory.view('float32'),
    };
    this.#bound.set(rows, bound);
    return bound;
  }
}
