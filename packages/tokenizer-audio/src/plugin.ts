/**
 * What a pipeline registers to hear and make sound.
 */
import type { Plugin } from '@any-to-any/core';
import type { Arrangement } from './codec/arrangement.ts';
import { codebookProcessor } from './codec/processor.ts';
import { openSoundEncoder } from './encoder.ts';
import { readTokenizerOptions } from './options.ts';
import { openSoundTokenizer } from './tokenizer.ts';

/** The tokenizer and the understanding encoder of the modality `audio`. */
export function audioPlugin(): Plugin {
  return {
    name: '@any-to-any/tokenizer-audio',
    contract: 1,
    register(registry) {
      let arrangement: Arrangement | undefined;
      registry.tokenizer('audio', async (port) => {
        const { arrangement: order, codebooks: books, size } = readTokenizerOptions(port.options);
        arrangement = { order, books, size };
        return openSoundTokenizer(port);
      });
      registry.processor(codebookProcessor(() => arrangement));
      registry.encoder('audio', openSoundEncoder);
    },
  };
}
