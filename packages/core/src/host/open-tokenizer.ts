/**
 * Opens a tokenizer on its own, without a model: content → ids → content. The plugin is the same as in a pipeline, and
 * set up, checked and frozen in the same way.
 */
import { openTokenizerBundle, type TokenizerManifest } from '../bundle/tokenizer.ts';
import type { Content } from '../contract/content.ts';
import type { Delta } from '../contract/delta.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';
import { type OpenAloneOptions, openAlone } from './open-alone.ts';
import { tokenizerToken } from './tokens.ts';

export type OpenTokenizerOptions = OpenAloneOptions;

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
  const { manifest, made, close } = await openAlone<TokenizerManifest, Tokenizer>(options, {
    name: 'tokenizer',
    opener: 'openTokenizer',
    open: openTokenizerBundle,
    useOf: (manifest) => manifest.tokenizer,
    tokenOf: tokenizerToken,
  });
  // What a plugin's tokenizer takes is known to the caller alone, as documented.
  return { manifest, tokenizer: made as unknown as Tokenizer<C, D>, close };
}
