/**
 * A large graph: opened when it is first run, and its working memory is given back after every run. So a bundle opens
 * without what the call at hand does not need, and a picture's decoder does not hold on to its activations.
 */
import { readFile, stat } from 'node:fs/promises';
import type { Graph } from '../contract/graph.ts';
import { openGraph } from './graph.ts';
import { readGraphNames } from './graph-names.ts';
import { closed } from './handle.ts';
import type { Device } from './interface.ts';

/** Bytes of weights from which a graph is large. */
const large = 1 << 26;

/** Whether the weights beside the ONNX file at `path` are worth waiting with. */
export async function isLarge(path: string): Promise<boolean> {
  const data = await stat(`${path}.data`).catch(() => undefined); // a small graph has none
  return data !== undefined && data.size >= large;
}

/** As `openGraph`; what that throws for a broken file, `run` throws. Throws RUNTIME_FAILED for a file that is no graph. */
export async function deferGraph(device: () => Promise<Device>, path: string): Promise<Graph> {
  const names = readGraphNames(await readFile(path), path);
  let opening: Promise<Graph> | undefined;
  let open = true;
  const opened = (): Promise<Graph> => {
    opening ??= device()
      .then((ready) => openGraph(ready, path, { arena: false }))
      .catch((error: unknown) => {
        opening = undefined; // the next run tries again
        throw error;
      });
    return opening;
  };
  return {
    ...names,
    async run(feeds, signal) {
      if (!open) throw closed('graph');
      const graph = await opened();
      return graph.run(feeds, signal);
    },
    close() {
      open = false;
      opening?.then(
        (graph) => graph.close(),
        () => {}, // it never opened
      );
    },
  };
}
