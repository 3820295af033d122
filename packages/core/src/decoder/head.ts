/**
 * One port's head: hidden states → logits, for as many rows as need it in this step. A large one is opened when it is
 * first run.
 */
import type { Binding, Device, Memory, NativeTensor, Session } from '../runtime/interface.ts';

interface Bound {
  readonly binding: Binding;
  readonly tensors: readonly NativeTensor[];
}

export class Head {
  readonly #device: Device;
  readonly #open: () => Promise<Session>;
  #session: Session | undefined;
  readonly #width: number;
  readonly #classes: number;
  /** Rows the memory has room for; all bindings share it. */
  #capacity = 0;
  #memory: Memory[] = [];
  #hidden: Float32Array = new Float32Array(0);
  #logits: Float32Array = new Float32Array(0);
  /** By number of rows. */
  readonly #bound = new Map<number, Bound>();

  constructor(device: Device, open: () => Promise<Session>, width: number, classes: number) {
    this.#device = device;
    this.#open = open;
    this.#width = width;
    this.#classes = classes;
  }

  /** Opens its graph, if that has not been done. */
  async open(): Promise<Session> {
    this.#session ??= await this.#open();
    return this.#session;
  }

  /** `states`: one hidden state of `width` per row. Returns one array of `classes` per row. */
  async run(states: readonly Float32Array[], signal: AbortSignal | undefined): Promise<Float32Array[]> {
    const { binding } = this.#bind(await this.open(), states.length);
    states.forEach((state, row) => {
      this.#hidden.set(state, row * this.#width);
    });
    await binding.run(signal);
    return states.map((_, row) => this.#logits.slice(row * this.#classes, (row + 1) * this.#classes));
  }

  close(): void {
    this.#release();
    this.#session?.close();
  }

  #bind(session: Session, rows: number): Bound {
    if (rows > this.#capacity) this.#grow(Math.max(rows, this.#capacity * 2));
    const known = this.#bound.get(rows);
    if (known) return known;
    const [hiddenMemory, logitsMemory] = this.#memory as [Memory, Memory];
    const hidden = this.#device.tensor(hiddenMemory, 'float32', [rows, this.#width]);
    const logits = this.#device.tensor(logitsMemory, 'float32', [rows, this.#classes]);
    const binding = session.createBinding();
    binding.input('hidden', hidden);
    binding.output('logits', logits);
    const bound = { binding, tensors: [hidden, logits] };
    this.#bound.set(rows, bound);
    return bound;
  }

  #grow(capacity: number): void {
    this.#release();
    const hidden = this.#device.allocate(capacity * this.#width * 4);
    const logits = this.#device.allocate(capacity * this.#classes * 4);
    this.#memory = [hidden, logits];
    this.#hidden = hidden.view('float32');
    this.#logits = logits.view('float32');
    this.#capacity = capacity;
  }

  #release(): void {
    for (const { binding, tensors } of this.#bound.values()) {
      binding.close();
      for (const tensor of tensors) tensor.dispose();
    }
    this.#bound.clear();
    for (const memory of this.#memory) memory.free();
    this.#memory = [];
    this.#capacity = 0;
  }
}
