/**
 * Where the model is: a directory, a package of the user's project, or a package the command came with.
 */
import { locateBundle } from '@any-to-any/core';

export const defaultModel = '@any-to-any/model-emoji';

/** Throws BUNDLE_NOT_FOUND. */
export function findModel(model: string): string {
  try {
    return locateBundle(model);
  } catch (error) {
    if (model !== defaultModel) throw error;
    return locateBundle(model, import.meta.url);
  }
}
