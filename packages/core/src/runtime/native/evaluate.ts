/**
 * Evaluate: one run with copies of the feeds and outputs that ONNX Runtime allocates, so of any shape.
 * Feeds are copied because the run is off the main thread and the caller may go on writing. Used by `graph.ts`.
 */
import type { Tensor } from '../../contract/graph.ts';
import { AnyToAnyError } from '../../errors.ts';
import { arrayOver, count, elementBytes } from '../element.ts';
import { describeValue } from './describe.ts';
import type { NativeDevice } from './device.ts';
import type { Pointer } from './foreign.ts';
import type { OrtSession } from './session.ts';

/** Every feed begins at a multiple of so many bytes. */
const alignment = 64;

/** `feeds` must have been checked against `session.inputs`. */
export async function evaluate(
  device: NativeDevice,
  session: OrtSession,
  feeds: Readonly<Record<string, Tensor>>,
  signal: AbortSignal | undefined,
): Promise<Record<string, Tensor>> {
  const { api, memoryInfo } = device.library;
  const offsets: number[] = [];
  let bytes = 0;
  for (const info of session.inputs) {
    offsets.push(bytes);
    bytes += Math.ceil(feeds[info.name]!.data.byteLength / alignment) * alignment; // checked by the caller
  }
  const disposals: (() => void)[] = [];
  try {
    const memory = device.allocate(bytes);
    disposals.push(() => memory.free());
    const binding = session.createBinding();
    disposals.push(() => binding.close());
    for (const [index, info] of session.inputs.entries()) {
      const { data, dims } = feeds[info.name]!; // checked by the caller
      const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      memory.view('uint8', offsets[index], raw.length).set(raw);
      const tensor = device.tensor(memory, info.type, dims, offsets[index]);
      disposals.push(() => tensor.dispose());
      binding.input(info.name, tensor);
    }
    for (const info of session.outputs) {
      api.BindOutputToDevice(binding.handle.value.binding, info.name, memoryInfo);
    }
    await binding.run(signal);
    return collect(device, session, binding.handle.value.binding);
  } finally {
    for (const dispose of disposals.reverse()) dispose();
  }
}

/** Copies what the run has made, then releases it. */
function collect(device: NativeDevice, session: OrtSession, binding: Pointer): Record<string, Tensor> {
  const { api, foreign, allocator } = device.library;
  const [list, length] = api.GetBoundOutputValues(binding, allocator);
  const values = foreign.pointers(list, length);
  api.AllocatorFree(allocator, list);
  try {
    const tensors: Record<string, Tensor> = {};
    for (const [index, info] of session.outputs.entries()) {
      tensors[info.name] = read(device, values[index]!, info.name); // bound in this order
    }
    return tensors;
  } finally {
    for (const value of values) api.ReleaseValue(value);
  }
}

function read(device: NativeDevice, value: Pointer, name: string): Tensor {
  const { type, dims } = describeValue(device.library, value);
  if (type === 'float16') {
    throw new AnyToAnyError(
      'RUNTIME_FAILED',
      `The output "${name}" is float16, which tensors here do not carry. Cast it to float32 inside the graph.`,
    );
  }
  const length = count(dims);
  const at = length === 0 ? 0n : device.library.api.GetTensorMutableData(value);
  const buffer = device.library.foreign.copy(at, length * elementBytes(type));
  return { data: arrayOver(type, buffer, 0, length), dims };
}
