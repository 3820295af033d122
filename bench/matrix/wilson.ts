/** 95 % intervals of a share (Wilson 1927): honest near 0 and 1, and for few items. */

/** `wilson(50, 100)` = [0.404, 0.596]; of nothing, [0, 1]. */
export function wilson(hits: number, n: number, z = 1.96): readonly [low: number, high: number] {
  if (n === 0) return [0, 1];
  const p = hits / n;
  const f = (z * z) / n;
  const middle = (p + f / 2) / (1 + f);
  const half = (z * Math.sqrt((p * (1 - p)) / n + f / (4 * n))) / (1 + f);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
