/**
 * A binding on the JavaScript road: feeds and fetches over the same memory. onnxruntime-node writes bound outputs in
 * place where it can; what it did not is copied, so that the memory has the right content either way.
 */
import { AnyToAnyError, throwIfAborted } from '../../errors.ts';
import { checkBound, checkTensor, findInfo, formatDims } from '../check.ts';
import { Handle } from '../handle.ts';
import type { Binding, ElementArrays, ElementType, NativeTensor } from '../interface.ts';
import { type JavascriptDevice, type ScriptTensor, scriptTensor } from './device.ts';
import { makeValue, runtimeFailure, type ScriptValue } from './runtime.ts';
import type { ScriptSession } from './session.ts';

type Described = Pick<NativeTensor, 'type' | 'dims'>;

interface Bound {
  readonly tensor: ScriptTensor;
  /** Stays valid while the binding holds the tensor, even if its owner disposes it. */
  readonly array: ElementArrays[ElementType];
  readonly letGo: () => void;
}

interface Parts {
  readonly inputs: Map<string, Bound>;
  readonly outputs: Map<string, Bound>;
}

export class ScriptBinding implements Binding {
  readonly handle: Handle<Parts>;
  readonly #device: JavascriptDevice;
  readonly #session: ScriptSession;
  #running = false;

  constructor(device: JavascriptDevice, session: ScriptSession) {
    const unhold = session.handle.hold();
    const release = ({ inputs, outputs }: Parts) => {
      for (const { letGo } of [...inputs.values(), ...outputs.values()]) letGo();
      unhold();
    };
    this.#device = device;
    this.#session = session;
    this.handle = new Handle('binding', { inputs: new Map(), outputs: new Map() }, release, device.scope);
    this.handle.watch(this);
  }

  input(name: string, tensor: NativeTensor): void {
    checkTensor(findInfo(this.#session.inputs, name, 'input'), tensor.type, tensor.dims, 'input');
    this.#bind('inputs', name, tensor);
  }

  output(name: string, tensor: NativeTensor): void {
    checkTensor(findInfo(this.#session.outputs, name, 'output'), tensor.type, tensor.dims, 'output');
    this.#bind('outputs', name, tensor);
  }

  async run(signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal, 'run');
    this.#checkIdle();
    const session = this.#session.handle.value;
    const { inputs, outputs } = this.handle.value;
    checkBound(this.#session.inputs, (name) => inputs.has(name));
    const unhold = this.handle.hold();
    this.#running = true;
    try {
      const results = await session.run(this.#values(inputs), this.#values(outputs));
      for (const [name, bound] of outputs) settle(bound, results[name]);
    } catch (cause) {
      throw AnyToAnyError.is(cause) ? cause : runtimeFailure('the run', cause);
    } finally {
      this.#running = false;
      unhold();
    }
    throwIfAborted(signal, 'run');
  }

  close(): void {
    this.handle.dispose();
  }

  #values(bound: Map<string, Bound>): Record<string, ScriptValue> {
    const values: Record<string, ScriptValue> = {};
    for (const [name, { tensor, array }] of bound) {
      values[name] = makeValue(this.#device.runtime, tensor.type, array, tensor.dims);
    }
    return values;
  }

  #bind(side: keyof Parts, name: string, tensor: NativeTensor): void {
    this.#checkIdle();
    const own = scriptTensor(tensor);
    const bound = this.handle.value[side];
    const array = own.handle.value;
    const letGo = own.handle.hold();
    bound.get(name)?.letGo();
    bound.set(name, { tensor: own, array, letGo });
  }

  #checkIdle(): void {
    if (!this.#running) return;
    throw new AnyToAnyError(
      'RUNTIME_FAILED',
      'The binding is running. Wait for the run to end, or make another binding.',
    );
  }
}

/** Makes sure that what the run gave stands in the tensor's memory. Exported for its test. */
export function settle(
  { tensor, array: target }: Pick<Bound, 'array'> & { readonly tensor: Described },
  result: ScriptValue | undefined,
): void {
  const data = result?.data;
  if (!ArrayBuffer.isView(data) || data.byteLength !== target.byteLength) {
    throw new AnyToAnyError(
      'SHAPE_MISMATCH',
      `An output was bound as ${tensor.type} ${formatDims(tensor.dims)}, but the run gave ${formatDims(result?.dims ?? [])}.`,
      { expected: [...tensor.dims], got: [...(result?.dims ?? [])] },
    );
  }
  if (data.buffer === target.buffer && data.byteOffset === target.byteOffset) return;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(bytes);
}
