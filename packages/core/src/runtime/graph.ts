/**
 * Graph: a session as plugins see it. Typed arrays in, typed arrays out; calls queue.
 * Comes after the device; bundles hand it to plugins, which never learn of ONNX Runtime.
 */
import type { Graph, Tensor } from '../contract/graph.ts';
import { AnyToAnyError, throwIfAborted } from '../errors.ts';
import type { Device, SessionOptions } from './interface.ts';

/**
 * Opens the ONNX file at `path` (external data is mapped from beside it).
 * Throws RUNTIME_FAILED if ONNX Runtime refuses the file, or if it takes or gives float16 (cast inside the graph).
 * `run` throws OPTION_UNKNOWN for an unknown input, SHAPE_MISMATCH for a missing one or one of another shape or type,
 * ABORTED when the signal fires, RUNTIME_CLOSED after `close`.
 */
export async function openGraph(device: Device, path: string, options: SessionOptions = {}): Promise<Graph> {
  const session = await device.openSession(path, options);
  const half = [...session.inputs, ...session.outputs].find((info) => info.type === 'float16');
  if (half !== undefined) {
    session.close();
    throw new AnyToAnyError(
      'RUNTIME_FAILED',
      `"${half.name}" of ${path} is float16, which no tensor of a graph holds. Cast to and from float32 inside the graph.`,
    );
  }
  let last: Promise<unknown> = Promise.resolve();
  return {
    inputs: session.inputs.map((info) => info.name),
    outputs: session.outputs.map((info) => info.name),
    run(feeds, signal): Promise<Record<string, Tensor>> {
      const result = last.then(() => {
        throwIfAborted(signal, 'run');
        return session.evaluate(feeds, signal);
      });
      last = result.catch(() => {}); // a failed call must not fail the ones behind it
      return result;
    },
    close: () => session.close(),
  };
}
