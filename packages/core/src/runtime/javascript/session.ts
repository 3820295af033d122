/**
 * A session on the JavaScript road: one loaded graph behind onnxruntime-node's InferenceSession.
 */
import type { Tensor } from '../../contract/graph.ts';
import { AnyToAnyError, throwIfAborted } from '../../errors.ts';
import { checkFeeds } from '../check.ts';
import { holds, isElementType } from '../element.ts';
import type { Handle } from '../handle.ts';
import type { Session, TensorInfo } from '../interface.ts';
import { ScriptBinding } from './binding.ts';
import type { JavascriptDevice } from './device.ts';
import { type InferenceSession, makeValue, runtimeFailure, type ScriptValue } from './runtime.ts';

export class ScriptSession implements Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly handle: Handle<InferenceSession>;
  readonly #device: JavascriptDevice;

  constructor(device: JavascriptDevice, handle: Handle<InferenceSession>) {
    this.#device = device;
    this.handle = handle;
    this.inputs = handle.value.inputMetadata.map(describe);
    this.outputs = handle.value.outputMetadata.map(describe);
    handle.watch(this);
  }

  createBinding(): ScriptBinding {
    return new ScriptBinding(this.#device, this);
  }

  async evaluate(
    feeds: Readonly<Record<string, Tensor>>,
    signal?: AbortSignal,
  ): Promise<Record<string, Tensor>> {
    const session = this.handle.value;
    checkFeeds(this.inputs, feeds);
    throwIfAborted(signal, 'run');
    const values: Record<string, ScriptValue> = {};
    for (const info of this.inputs) {
      const { data, dims } = feeds[info.name]!; // checked above
      // A copy, because the run comes later.
      values[info.name] = makeValue(this.#device.runtime, info.type, data.slice(), dims);
    }
    const unhold = this.handle.hold();
    const results = await session
      .run(values)
      .catch((cause: unknown) => {
        throw runtimeFailure('the run', cause);
      })
      .finally(unhold);
    throwIfAborted(signal, 'run');
    return Object.fromEntries(this.outputs.map((info) => [info.name, read(info, results[info.name])]));
  }

  close(): void {
    this.handle.dispose();
  }
}

function read(info: TensorInfo, value: ScriptValue | undefined): Tensor {
  const data: unknown = value?.data;
  if (value === undefined || !holds(info.type, data)) {
    throw new AnyToAnyError('RUNTIME_FAILED', `The output "${info.name}" is not ${info.type}.`);
  }
  return { data: data as Tensor['data'], dims: [...value.dims] }; // `holds` has checked the kind of array
}

function describe(metadata: InferenceSession['inputMetadata'][number]): TensorInfo {
  if (!metadata.isTensor || !isElementType(metadata.type)) {
    const what = metadata.isTensor ? metadata.type : 'no tensor';
    throw new AnyToAnyError(
      'RUNTIME_FAILED',
      `"${metadata.name}" is ${what}, which this runtime does not carry. Cast it inside the graph.`,
    );
  }
  return {
    name: metadata.name,
    type: metadata.type,
    dims: metadata.shape.map((dim) => dim || (dim === 0 ? 0 : '?')),
  };
}
