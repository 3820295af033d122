/**
 * What a pipeline, or a tokenizer on its own, has opened so far and has to close: the container of its plugins, the
 * device, graphs, the engine.
 */
import 'reflect-metadata';
import { type DependencyContainer, container as root } from 'tsyringe';
import type { BundleFiles } from '../bundle/files.ts';
import type { Engine } from '../contract/engine.ts';
import type { Graph } from '../contract/graph.ts';
import type { PortFiles } from '../contract/plugin.ts';
import { AnyToAnyError } from '../errors.ts';
import { deferGraph, isLarge } from '../runtime/deferred-graph.ts';
import { openDevice } from '../runtime/device.ts';
import { openGraph } from '../runtime/graph.ts';
import type { Device, DeviceOptions } from '../runtime/interface.ts';

export interface Opened {
  readonly container: DependencyContainer;
  /** The device; opened when first asked for. */
  readonly device: () => Promise<Device>;
  readonly devices: Promise<Device>[];
  readonly graphs: Graph[];
  engine: Engine | undefined;
}

/** Throws OPTION_INVALID unless it is a whole number from 1, or not given. */
export function checkThreads(threads: number | undefined): void {
  if (threads === undefined || (Number.isInteger(threads) && threads > 0)) return;
  throw new AnyToAnyError('OPTION_INVALID', `threads must be a whole number from 1, got ${threads}.`);
}

export function createOpened(threads: number | undefined, runtime: DeviceOptions['prefer']): Opened {
  const devices: Promise<Device>[] = [];
  const device = (): Promise<Device> => {
    if (devices.length === 0) devices.push(openDevice({ threads, prefer: runtime }));
    return devices[0]!;
  };
  return { container: root.createChildContainer(), device, devices, graphs: [], engine: undefined };
}

export async function closeAll({ container, devices, graphs, engine }: Opened): Promise<void> {
  await engine?.close();
  for (const graph of graphs) graph.close();
  for (const result of await Promise.allSettled(devices))
    if (result.status === 'fulfilled') result.value.close();
  await container.dispose();
}

/** The files of a bundle as plugins see them; graphs are opened on the device and closed with everything else. */
export function filesOf(bundle: BundleFiles, { device, graphs }: Opened): PortFiles {
  return {
    read: (path) => bundle.read(path),
    async graph(path) {
      const file = bundle.path(path);
      const graph = (await isLarge(file))
        ? await deferGraph(device, file)
        : await openGraph(await device(), file);
      graphs.push(graph);
      return graph;
    },
  };
}
