/**
 * Pixels and ids of the patch stage.
 */

/** Pixels: a patch, the border of its neighbours it sees, a cell of the trunk, one id. And ids seen around those of a patch. */
export const patchSizes = { side: 16, halo: 4, cell: 4, factor: 8, beside: 2 } as const;
