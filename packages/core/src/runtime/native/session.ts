/**
 * A native session: one loaded graph. Bindings run it in place; `evaluate` runs it once with outputs of any shape.
 */
import type { Tensor } from '../../contract/graph.ts';
import { checkFeeds } from '../check.ts';
import type { Handle } from '../handle.ts';
import type { Session, TensorInfo } from '../interface.ts';
import { OrtBinding } from './binding.ts';
import { describeInputs, describeOutputs } from './describe.ts';
import type { NativeDevice } from './device.ts';
import { evaluate } from './evaluate.ts';
import type { Pointer } from './foreign.ts';

export class OrtSession implements Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly handle: Handle<Pointer>;
  readonly #device: NativeDevice;

  constructor(device: NativeDevice, handle: Handle<Pointer>) {
    this.#device = device;
    this.handle = handle;
    this.inputs = describeInputs(device.library, handle.value);
    this.outputs = describeOutputs(device.library, handle.value);
    handle.watch(this);
  }

  createBinding(): OrtBinding {
    return new OrtBinding(this.#device, this);
  }

  async evaluate(
    feeds: Readonly<Record<string, Tensor>>,
    signal?: AbortSignal,
  ): Promise<Record<string, Tensor>> {
    checkFeeds(this.inputs, feeds);
    return evaluate(this.#device, this, feeds, signal);
  }

  close(): void {
    this.handle.dispose();
  }
}
