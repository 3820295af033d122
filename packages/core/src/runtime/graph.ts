/**
 * Graph: a session as plugins see it. Typed arrays in, typed arrays out; calls queue.
 * Comes after the device; bundles hand it to plugins, which never learn of ONNX Runtime.
 */
import type { Graph, Tensor } from '../contract/graph.ts';
import { AnyToAnyError, throwIfAborted } from '../errors.ts';
import { checkFeeds } from './check.ts';
import type { Device, SessionOptions } from './interface.ts';

/**
 * Opens the ONNX file at `path` (external data is mapped from beside it).
 * Throws RUNTIME_FAILED if ONNX Runtime refuses the file, or if it takes or gives float16 (cast inside the graph).
 * `run` throws OPTION_UNKNOWN for an unknown input, SHAPE_MISMATCH for a missing one or one of another shape or type,
 * ABORTED when the signal fires, RUNTIME_CLOSED after `close`. Feeds may be written to again as soon as it returns.
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
  let waiting = 0;
  return {
    inputs: session.inputs.map((info) => info.name),
    outputs: session.outputs.map((info) => info.name),
    async run(feeds, signal): Promise<Record<string, Tensor>> {
      throwIfAborted(signal, 'run');
      checkFeeds(session.inputs, feeds);
      const idle = waiting === 0;
      const own = idle ? feeds : snapshot(feeds); // `evaluate` copies at once, but only when its turn comes
      const begin = async () => {
        throwIfAborted(signal, 'run');
        return session.evaluate(own, signal);
      };
      const result = idle ? begin() : last.then(begin);
      waiting += 1;
      const settle = () => {
        waiting -= 1;
      };
      last = result.then(settle, settle); // a failed call must not fail the ones behind it
      return result;
    },
    close: () => session.close(),
  };
}

function snapshot(feeds: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const copies = Object.entries(feeds).map(([name, { data, dims }]) => [
    name,
    { data: data.slice(), dims: [...dims] },
  ]);
  return Object.fromEntries(copies);
}
