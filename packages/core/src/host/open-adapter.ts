/**
 * Opens an adapter that is a bundle on its own: without a model, deltas → deltas; or inside a pipeline, as the port that
 * the plugin it is for makes it of.
 */
import { type AdapterManifest, openAdapterBundle } from '../bundle/adapter.ts';
import { locateBundle } from '../bundle/locate.ts';
import type { Adapter } from '../contract/adapter.ts';
import type { Delta } from '../contract/delta.ts';
import type { Port } from '../contract/plugin.ts';
import { AnyToAnyError } from '../errors.ts';
import { type OpenAloneOptions, openAlone } from './open-alone.ts';
import { filesOf, type Opened } from './opened.ts';
import { adapterToken } from './tokens.ts';

export type OpenAdapterOptions = OpenAloneOptions;

export interface OpenAdapter<D extends Delta> {
  readonly manifest: AdapterManifest;
  readonly adapter: Adapter<D>;
  /** Closes the graphs. Runs in flight end first. */
  close(): Promise<void>;
}

/**
 * The caller says which deltas the plugin's adapter is for: `openAdapter<ImageDelta>(…)`.
 * Throws the BUNDLE_*, PLUGIN_* and RUNTIME_* codes; nothing stays open when it does.
 */
export async function openAdapter<D extends Delta = Delta>(
  options: OpenAdapterOptions,
): Promise<OpenAdapter<D>> {
  const { manifest, made, close } = await openAlone<AdapterManifest, Adapter>(options, {
    name: 'adapter',
    opener: 'openAdapter',
    open: openAdapterBundle,
    useOf: (manifest) => manifest.adapter,
    tokenOf: adapterToken,
  });
  // What a plugin's adapter takes is known to the caller alone, as documented.
  return { manifest, adapter: made as unknown as Adapter<D>, close };
}

/** Its part of the pipeline that `opened` belongs to. Throws BUNDLE_*; BUNDLE_INVALID if it is for another plugin. */
export async function openAdapterPort(
  name: string,
  plugin: string,
  modality: string,
  opened: Opened,
): Promise<Port> {
  const bundle = await openAdapterBundle(locateBundle(name));
  const { adapter, modality: own } = bundle.manifest;
  if (adapter.plugin !== plugin || own !== modality) {
    throw new AnyToAnyError(
      'BUNDLE_INVALID',
      `${bundle.directory} is an adapter of ${own} for ${adapter.plugin}, not of ${modality} for ${plugin}.`,
      { plugin, directory: bundle.directory },
    );
  }
  return { options: adapter.options, files: filesOf(bundle, opened) };
}
