/**
 * The plugins the command loads. A new modality is one more line here, and one in `media.ts` if it has files.
 */
import { denoisePlugin } from '@any-to-any/adapter-denoise';
import type { Plugin } from '@any-to-any/core';
import { audioPlugin } from '@any-to-any/tokenizer-audio';
import { imagePlugin } from '@any-to-any/tokenizer-image';
import { textPlugin } from '@any-to-any/tokenizer-text';

export const plugins = (): readonly Plugin[] => [
  textPlugin(),
  imagePlugin(),
  // Bundles without a patch stage of their own: pictures as they are, larger where a request asks for it.
  denoisePlugin({ kind: 'lanczos', scale: 1 }),
  audioPlugin(),
];

/** The same plugins, with pictures enlarged by the adapter bundle `upsampler`. */
export function withUpsampler(all: readonly Plugin[], upsampler: string): readonly Plugin[] {
  const enlarging = denoisePlugin({ upsampler });
  return [...all.filter(({ name }) => name !== enlarging.name), enlarging];
}
