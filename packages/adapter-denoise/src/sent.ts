/**
 * What has been sent of each patch: makes sure that revisions rise and noise falls, whatever came in.
 */
export interface Sent {
  /** The revision to send patches with, or undefined if one was already sent with no more noise than that. */
  next(patches: readonly number[], sigma: number): number | undefined;
}

export function createSent(count: number): Sent {
  const revisions = new Int32Array(count).fill(-1);
  const sigmas = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  return {
    next(patches, sigma) {
      // What is finished may be sent finished again: exact patches that changed.
      const isLate = (before: number): boolean => sigma > before || (sigma === before && sigma > 0);
      if (patches.some((patch) => isLate(sigmas[patch]!))) return undefined;
      const revision = 1 + Math.max(...patches.map((patch) => revisions[patch]!));
      for (const patch of patches) {
        sigmas[patch] = sigma;
        revisions[patch] = revision;
      }
      return revision;
    },
  };
}
