/**
 * Composition: opens a bundle and wires engine, scheduler and plugins of one pipeline in its own child container.
 * Everything below takes plain arguments; this is the only place where they meet.
 */
import 'reflect-metadata';
import { performance } from 'node:perf_hooks';
import { locateBundle } from '../bundle/locate.ts';
import { type Bundle, openBundle } from '../bundle/open.ts';
import type { Adapter } from '../contract/adapter.ts';
import type { Plugin } from '../contract/plugin.ts';
import { openLocalEngine, prefillChunk } from '../decoder/local-engine.ts';
import { Scheduler } from '../decoder/scheduler.ts';
import { AnyToAnyError, rejectUnknownOptions } from '../errors.ts';
import type { Machine } from '../pipeline/machine.ts';
import { createPipelineOf, type Pipeline } from '../pipeline/pipeline.ts';
import type { Ports } from '../pipeline/ports.ts';
import { openAdapterPort } from './open-adapter.ts';
import { checkThreads, closeAll, createOpened, filesOf, type Opened } from './opened.ts';
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
  checkThreads(threads);
  const bundle = await openBundle(locateBundle(model));
  const opened = createOpened(threads, runtime);
  try {
    const registered = registerPlugins(opened.container, plugins, portsOf(bundle, opened));
    checkPlugins(bundle, registered);
    opened.engine = registered.owners.has('engine')
      ? await opened.container.resolve(engineToken)
      : await openLocalEngine(bundle, await opened.device(), threads);
    const scheduler = new Scheduler(opened.engine, prefillChunk);
    const closing = new AbortController();
    const ports = createPorts(opened.container, bundle, registered);
    const adapters = await openPorts(ports, bundle);
    const machine = createMachine(bundle, opened, { ports, adapters, scheduler, closing: closing.signal });
    return createPipelineOf(bundle.manifest.name, machine, async () => {
      closing.abort(new AnyToAnyError('PIPELINE_CLOSED', 'The pipeline was closed.'));
      await scheduler.idle();
      await closeAll(opened);
    });
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

/** Opens every tokenizer, encoder and adapter now: a bundle that cannot work says so at once, and no later call waits. */
async function openPorts(ports: Ports, { manifest }: Bundle): Promise<Machine['adapters']> {
  const adapters: Record<string, readonly Adapter[]> = {};
  for (const [modality, { tokenizer, encoder }] of Object.entries(manifest.ports)) {
    if (tokenizer) await ports.tokenizer(modality);
    if (encoder) await ports.encoder(modality);
    if (tokenizer) adapters[modality] = await ports.adapters(modality);
  }
  return adapters;
}

function createMachine(
  bundle: Bundle,
  { engine }: Opened,
  parts: Pick<Machine, 'ports' | 'adapters' | 'scheduler' | 'closing'>,
): Machine {
  const { manifest, space } = bundle;
  const modalities = space.regions.map((region) => region.modality);
  return {
    space,
    engine: engine!, // set before
    generates: modalities.filter((modality) => manifest.ports[modality]?.head),
    defaults: manifest.sampling,
    guides: guidesOf(bundle),
    reads: readsOf(bundle),
    voices: manifest.voices ?? {},
    unconditional: manifest.unconditional,
    ...parts,
    now: () => performance.now(),
  };
}

function guidesOf({ manifest }: Bundle): Machine['guides'] {
  const guided = Object.entries(manifest.ports).flatMap(([port, { guide }]) =>
    guide ? [[port, guide.scales] as const] : [],
  );
  return Object.fromEntries(guided);
}

/** Throws MODALITY_UNKNOWN and SPACE_INVALID for what is not there. */
function readsOf({ manifest: { reading = {} }, space }: Bundle): Machine['reads'] {
  for (const [modality, { between }] of Object.entries(reading)) {
    space.region(modality);
    if (between !== undefined) space.mark(between);
  }
  return reading;
}

/** What a plugin sees of the bundle: its own options, and the files. */
function portsOf(bundle: Bundle, opened: Opened): PortOf {
  const files = filesOf(bundle, opened);
  return (plugin, kind, modality) => {
    const port = bundle.manifest.ports[modality];
    const adapter = port?.adapters?.find((use) => use.plugin === plugin);
    const use = { tokenizer: port?.tokenizer, encoder: port?.encoder, adapter, engine: undefined }[kind];
    const own = { options: use?.options ?? {}, files };
    if (kind !== 'adapter') return own;
    return { ...own, adapter: (name) => openAdapterPort(name, plugin, modality, opened) };
  };
}
