/**
 * Opens a tokenizer on its own, without a model: content → ids → content. The plugin is the same as in a pipeline, and
 * set up, checked and frozen in the same way.
 */
import 'reflect-metadata';
import { locateBundle } from '../bundle/locate.ts';
import { openTokenizerBundle, type TokenizerManifest } from '../bundle/tokenizer.ts';
import type { Content } from '../contract/content.ts';
import type { Delta } from '../contract/delta.ts';
import type { Plugin } from '../contract/plugin.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';
import { AnyToAnyError, rejectUnknownOptions } from '../errors.ts';
import { checkThreads, closeAll, createOpened, filesOf } from './opened.ts';
import { requirePlugin } from './ports.ts';
import { registerPlugins } from './registry.ts';
import { tokenizerToken } from './tokens.ts';

export interface OpenTokenizerOptions {
  /** Directory of a tokenizer bundle, or the name of an installed package with one. */
  readonly bundle: string;
  /** The plugin its manifest names; others are let pass. */
  readonly plugins: readonly Plugin[];
  /** Threads of the runtime. Default: it chooses. */
  readonly threads?: number | undefined;
  /** Which binding of ONNX Runtime to use. Default: the native one, the JavaScript one where that cannot load. */
  readonly runtime?: 'native' | 'javascript' | undefined;
}

export interface OpenTokenizer<C extends Content, D extends Delta> {
  readonly manifest: TokenizerManifest;
  readonly tokenizer: Tokenizer<C, D>;
  /** Closes the graphs. Runs in flight end first. */
  close(): Promise<void>;
}

/**
 * The caller says which content the plugin's tokenizer is for: `openTokenizer<SoundContent, SoundDelta>(…)`.
 * Throws the BUNDLE_*, PLUGIN_* and RUNTIME_* codes; nothing stays open when it does.
 */
export async function openTokenizer<C extends Content = Content, D extends Delta = Delta>(
  options: OpenTokenizerOptions,
): Promise<OpenTokenizer<C, D>> {
  rejectUnknownOptions(options, ['bundle', 'plugins', 'threads', 'runtime'], 'openTokenizer');
  const { bundle: directory, plugins, threads, runtime } = options;
  checkThreads(threads);
  const bundle = await openTokenizerBundle(locateBundle(directory));
  const { manifest } = bundle;
  const { modality } = manifest;
  const opened = createOpened(threads, runtime);
  try {
    const files = filesOf(bundle, opened);
    const registered = registerPlugins(opened.container, plugins, (_plugin, kind, name) => ({
      options: kind === 'tokenizer' && name === modality ? manifest.tokenizer.options : {},
      files,
    }));
    requirePlugin(registered, `tokenizer:${modality}`, manifest.tokenizer.plugin);
    const tokenizer = await opened.container.resolve(tokenizerToken(modality));
    if (tokenizer.modality !== modality) {
      throw new AnyToAnyError(
        'PLUGIN_INVALID',
        `The tokenizer of ${manifest.tokenizer.plugin} is for ${tokenizer.modality}, registered for ${modality}.`,
        { plugin: manifest.tokenizer.plugin },
      );
    }
    // What a plugin's tokenizer takes is known to the caller alone, as documented.
    return { manifest, tokenizer: tokenizer as unknown as Tokenizer<C, D>, close: () => closeAll(opened) };
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}
