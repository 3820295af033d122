/**
 * Opens one plugin's part on its own, without a model: set up, checked and frozen as in a pipeline.
 */
import 'reflect-metadata';
import type { InjectionToken } from 'tsyringe';
import type { BundleFiles } from '../bundle/files.ts';
import { locateBundle } from '../bundle/locate.ts';
import type { Plugin } from '../contract/plugin.ts';
import { AnyToAnyError, rejectUnknownOptions } from '../errors.ts';
import { checkThreads, closeAll, createOpened, filesOf } from './opened.ts';
import { requirePlugin } from './ports.ts';
import { registerPlugins } from './registry.ts';

export interface OpenAloneOptions {
  /** Directory of a bundle of the kind, or the name of an installed package with one. */
  readonly bundle: string;
  /** The plugin its manifest names; others are let pass. */
  readonly plugins: readonly Plugin[];
  /** Threads of the runtime. Default: it chooses. */
  readonly threads?: number | undefined;
  /** Which binding of ONNX Runtime to use. Default: the native one, the JavaScript one where that cannot load. */
  readonly runtime?: 'native' | 'javascript' | undefined;
}

/** What the two kinds differ in. */
export interface Kind<M, T> {
  readonly name: 'tokenizer' | 'adapter';
  /** The function that apps call, for messages. */
  readonly opener: string;
  readonly open: (directory: string) => Promise<BundleFiles & { readonly manifest: M }>;
  readonly useOf: (manifest: M) => { readonly plugin: string; readonly options: Record<string, unknown> };
  readonly tokenOf: (modality: string, plugin: string) => InjectionToken<Promise<T>>;
}

export interface Alone<M, T> {
  readonly manifest: M;
  readonly made: T;
  /** Closes the graphs. Runs in flight end first. */
  close(): Promise<void>;
}

/** Throws the BUNDLE_*, PLUGIN_* and RUNTIME_* codes; nothing stays open when it does. */
export async function openAlone<
  M extends { readonly modality: string },
  T extends { readonly modality: string },
>(options: OpenAloneOptions, kind: Kind<M, T>): Promise<Alone<M, T>> {
  rejectUnknownOptions(options, ['bundle', 'plugins', 'threads', 'runtime'], kind.opener);
  const { bundle: directory, plugins, threads, runtime } = options;
  const { name: kindName, open, useOf, tokenOf } = kind;
  checkThreads(threads);
  const bundle = await open(locateBundle(directory));
  const { manifest } = bundle;
  const { modality } = manifest;
  const use = useOf(manifest);
  const opened = createOpened(threads, runtime);
  try {
    const files = filesOf(bundle, opened);
    const registered = registerPlugins(opened.container, plugins, (plugin, what, name) => ({
      options: what === kindName && name === modality && plugin === use.plugin ? use.options : {},
      files,
    }));
    const what = `${kindName}:${modality}${kindName === 'adapter' ? `:${use.plugin}` : ''}`;
    requirePlugin(registered, what, use.plugin);
    const made = await opened.container.resolve(tokenOf(modality, use.plugin));
    if (made.modality !== modality) {
      throw new AnyToAnyError(
        'PLUGIN_INVALID',
        `The ${kindName} of ${use.plugin} is for ${made.modality}, registered for ${modality}.`,
        { plugin: use.plugin },
      );
    }
    return { manifest, made, close: () => closeAll(opened) };
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}
