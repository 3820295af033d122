/**
 * A large graph: open only while it runs. So a bundle opens without what the call at hand does not need, and neither the
 * weights nor the working memory of a picture's decoder stay once the picture is there. Opening it again takes a small
 * part of what its run takes.
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
  let running = 0;
  let open = true;
  return {
    ...names,
    async run(feeds, signal) {
      if (!open) throw closed('graph');
      running += 1;
      try {
        opening ??= device().then((ready) => openGraph(ready, path));
        return await (await opening).run(feeds, signal);
      } finally {
        running -= 1;
        if (running === 0 && opening !== undefined) {
          void release(opening, device);
          opening = undefined;
        }
      }
    },
    close() {
      open = false; // a run in flight ends first, and releases
    },
  };
}

async function release(opening: Promise<Graph>, device: () => Promise<Device>): Promise<void> {
  const graph = await opening.catch(() => undefined); // it never opened: the run said so
  graph?.close();
  const ready = await device().catch(() => undefined);
  await ready?.trim?.();
}
