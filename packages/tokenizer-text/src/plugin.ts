/**
 * The plugin: registers the text tokenizer for bundles whose manifest names this package.
 * Reads the port's options and file; the work is done in `tokenizer.ts`.
 */
import type { Plugin, Port } from '@any-to-any/core';
import { checkOptions, type TextOptions, where } from './options.ts';
import { createTextTokenizer, type TextTokenizer } from './tokenizer.ts';

/**
 * Text for a pipeline. Options of its port: `kind` with `file` and `pattern` (tiktoken), `name` (encoding) or
 * `file` (tokenizer.json); `buckets`, `maxDistance`, `maxBytes` and `size` as in `CommonTextOptions`.
 */
export function textPlugin(): Plugin {
  return {
    name: where,
    contract: 1,
    register: (registry) => registry.tokenizer('text', openPort),
  };
}

async function openPort({ options, files }: Port): Promise<TextTokenizer> {
  checkOptions(options, 'file');
  const { file, ...rest } = options;
  const bytes = typeof file === 'string' ? await files.read(file) : undefined;
  const source = { tiktoken: { ranks: bytes }, 'tokenizer.json': { json: bytes }, encoding: {} };
  // `checkOptions` has checked every key; `createTextTokenizer` checks again with the bytes in place.
  const kind = options['kind'] as TextOptions['kind'];
  return createTextTokenizer({ ...rest, ...source[kind] } as unknown as TextOptions);
}
