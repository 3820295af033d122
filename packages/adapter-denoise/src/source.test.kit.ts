/**
 * For tests of the flow: a source that tells what was pulled of it, and a picture with much to do at once.
 */
import type { Delta } from '@any-to-any/core';
import { patchesOf, somePicture } from './fixtures.test.kit.ts';

/** 144 patches, all of them exact. */
export const many = (): Delta[] => patchesOf(somePicture(192, 192), 0, 0);

/** Counts what was pulled, and notes when it is left. */
export function counted(deltas: readonly Delta[]) {
  const seen = { pulled: 0, left: false };
  const source = async function* (): AsyncGenerator<Delta> {
    try {
      for (const delta of deltas) {
        seen.pulled++;
        yield delta;
      }
    } finally {
      seen.left = true;
    }
  };
  return { seen, source: source() };
}
