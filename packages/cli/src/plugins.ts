/**
 * The plugins the command loads. A new modality is one more line here, and one in `media.ts` if it has files.
 */
import type { Plugin } from '@any-to-any/core';
import { imagePlugin } from '@any-to-any/tokenizer-image';
import { textPlugin } from '@any-to-any/tokenizer-text';

export const plugins = (): readonly Plugin[] => [textPlugin(), imagePlugin()];
