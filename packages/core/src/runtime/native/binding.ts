/**
 * A native binding: tensors bound to names once, then run many times in place on a thread of libuv's pool.
 * It holds its session and its tensors; a run in flight holds the binding.
 */
import { AnyToAnyError, aborted, throwIfAborted } from '../../errors.ts';
import { checkBound, checkTensor, findInfo } from '../check.ts';
import { Handle } from '../handle.ts';
import type { Binding, NativeTensor } from '../interface.ts';
import { type NativeDevice, ortTensor } from './device.ts';
import type { Pointer } from './foreign.ts';
import { logLevel } from './library.ts';
import type { OrtSession } from './session.ts';

interface Parts {
  readonly binding: Pointer;
  readonly runOptions: Pointer;
}

export class OrtBinding implements Binding {
  readonly handle: Handle<Parts>;
  readonly #device: NativeDevice;
  readonly #session: OrtSession;
  /** `BindInput x` → lets go of the tensor bound there. */
  readonly #held: Map<string, () => void>;
  #running = false;

  constructor(device: NativeDevice, session: OrtSession) {
    const { api } = device.library;
    const binding = api.CreateIoBinding(session.handle.value);
    const runOptions = api.CreateRunOptions();
    api.RunOptionsSetRunLogSeverityLevel(runOptions, logLevel); // a stopped run is no news for stderr
    const unhold = session.handle.hold();
    const held = new Map<string, () => void>();
    const release = (parts: Parts) => {
      api.ReleaseIoBinding(parts.binding);
      api.ReleaseRunOptions(parts.runOptions);
      for (const letGo of held.values()) letGo();
      unhold();
    };
    this.#device = device;
    this.#session = session;
    this.#held = held;
    this.handle = new Handle('binding', { binding, runOptions }, release, device.scope);
    this.handle.watch(this);
  }

  input(name: string, tensor: NativeTensor): void {
    checkTensor(findInfo(this.#session.inputs, name, 'input'), tensor.type, tensor.dims, 'input');
    this.#bind('BindInput', name, tensor);
  }

  output(name: string, tensor: NativeTensor): void {
    checkTensor(findInfo(this.#session.outputs, name, 'output'), tensor.type, tensor.dims, 'output');
    this.#bind('BindOutput', name, tensor);
  }

  async run(signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal, 'run');
    this.#checkIdle();
    const { api, stops } = this.#device.library;
    const session = this.#session.handle.value;
    const { binding, runOptions } = this.handle.value;
    checkBound(this.#session.inputs, (name) => this.#held.has(`BindInput ${name}`));
    const unhold = this.handle.hold();
    const stop = () => api.RunOptionsSetTerminate(runOptions);
    signal?.addEventListener('abort', stop, { once: true });
    stops.add(stop);
    this.#running = true;
    try {
      await api.later.RunWithBinding(session, runOptions, binding);
    } catch (error) {
      throw signal?.aborted ? aborted(signal, 'run') : error;
    } finally {
      stops.delete(stop);
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) api.RunOptionsUnsetTerminate(runOptions); // the flag would stop the next run too
      this.#running = false;
      unhold();
    }
    throwIfAborted(signal, 'run');
  }

  close(): void {
    this.handle.dispose();
  }

  #bind(how: 'BindInput' | 'BindOutput', name: string, tensor: NativeTensor): void {
    this.#checkIdle();
    const { handle } = ortTensor(tensor);
    this.#device.library.api[how](this.handle.value.binding, name, handle.value);
    const key = `${how} ${name}`;
    const unhold = handle.hold();
    this.#held.get(key)?.();
    this.#held.set(key, unhold);
  }

  #checkIdle(): void {
    if (!this.#running) return;
    throw new AnyToAnyError(
      'RUNTIME_FAILED',
      'The binding is running. Wait for the run to end, or make another binding.',
    );
  }
}
