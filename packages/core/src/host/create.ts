/**
 * Composition: opens a bundle and wires engine, scheduler and plugins of one pipeline in its own child container.
 * Everything below takes plain arguments; this is the only place where they meet.
 */
import 'reflect-metadata';
import { performance } from 'node:perf_hooks';
import { container as root } from 'tsyringe';
import { locateBundle } from '../bundle/locate.ts';
import { type Bundle, openBundle } from '../bundle/open.ts';
import type { Engine } from '../contract/engine.ts';
import type { Graph } from '../contract/graph.ts';
import type { Plugin, PortFiles } from '../contract/plugin.ts';
import { openLocalEngine, prefillChunk } from '../decoder/local-engine.ts';
import { Scheduler } from '../decoder/scheduler.ts';
import { AnyToAnyError, rejectUnknownOptions } from '../errors.ts';
import type { Machine } from '../pipeline/machine.ts';
import { createPipelineOf, type Pipeline } from '../pipeline/pipeline.ts';
import { openDevice } from '../runtime/device.ts';
import { openGraph } from '../runtime/graph.ts';
import type { Device } from '../runtime/interface.ts';
import { checkPlugins, createPorts } from './ports.ts';
import { type PortOf, registerPlugins } from './registry.ts';
import { engineToken } from './tokens.ts';

export interface PipelineOptions {
  /** Directory of a bundle, or the name of an installed package with one. */
  readonly model: string;
  readonly plugins: readonly Plugin[];
  /** Threads of the runtime. Default: it chooses. */
  readonly threads?: number | undefined;
  /** Which binding of ONNX Runtime to use. Default: the native one, the JavaScript one where that cannot load. */
  readonly runtime?: 'native' | 'javascript' | undefined;
}

/** Throws the BUNDLE_*, SPACE_*, PLUGIN_* and RUNTIME_* codes; nothing stays open when it does. */
export async function createPipeline(options: PipelineOptions): Promise<Pipeline> {
  rejectUnknownOptions(options, ['model', 'plugins', 'threads', 'runtime'], 'createPipeline');
  const { model, plugins, threads, runtime } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw new AnyToAnyError('OPTION_INVALID', `threads must be a whole number from 1, got ${threads}.`);
  }
  const bundle = await openBundle(locateBundle(model));
  const container = root.createChildContainer();
  const graphs: Graph[] = [];
  let device: Device | undefined;
  const openOnce = async (): Promise<Device> => {
    device ??= await openDevice({ ...(threads && { threads }), ...(runtime && { prefer: runtime }) });
    return device;
  };
  const registered = registerPlugins(container, plugins, portsOf(bundle, openOnce, graphs));
  checkPlugins(bundle, registered);

  const engine: Engine = registered.owners.has('engine')
    ? await container.resolve(engineToken)
    : await openLocalEngine(bundle, await openOnce(), threads);
  const scheduler = new Scheduler(engine, prefillChunk);
  const closing = new AbortController();
  const { manifest, space } = bundle;
  const machine: Machine = {
    space,
    engine,
    scheduler,
    ports: createPorts(container, bundle, registered),
    generates: space.regions
      .map((region) => region.modality)
      .filter((modality) => manifest.ports[modality]?.head),
    defaults: manifest.sampling,
    unconditional: manifest.unconditional,
    closing: closing.signal,
    now: () => performance.now(),
  };
  return createPipelineOf(manifest.name, machine, async () => {
    closing.abort(new AnyToAnyError('PIPELINE_CLOSED', 'The pipeline was closed.'));
    await scheduler.idle();
    await engine.close();
    for (const graph of graphs) graph.close();
    device?.close();
    await container.dispose();
  });
}

/** What a plugin sees of the bundle: its own options, and the files. */
function portsOf(bundle: Bundle, device: () => Promise<Device>, graphs: Graph[]): PortOf {
  const files: PortFiles = {
    read: (path) => bundle.read(path),
    async graph(path) {
      const graph = await openGraph(await device(), bundle.path(path));
      graphs.push(graph);
      return graph;
    },
  };
  return (_plugin, kind, modality) => {
    const port = bundle.manifest.ports[modality];
    const use = kind === 'tokenizer' ? port?.tokenizer : kind === 'encoder' ? port?.encoder : undefined;
    return { options: use?.options ?? {}, files };
  };
}
