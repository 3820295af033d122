/**
 * One step of a patch from noise to less noise, as pure functions. The network predicts the clean patch; a step goes
 * towards it by as much as the noise falls (Euler's rule, as DDIM: Song et al. 2021, arXiv 2010.02502).
 */

/** `sharp + next / sigma (state − sharp)`. State 1, sharp 0, from 0.5 to 0.1 → 0.2; to 0 → `sharp` itself. */
export function stepTowards(
  state: Float32Array,
  sharp: Float32Array,
  sigma: number,
  next: number,
): Float32Array {
  const share = sigma > 0 ? next / sigma : 0;
  return state.map((value, i) => sharp[i]! + share * (value - sharp[i]!));
}

/** The largest difference in levels of 8 bits: of pixels in −1…1, so 2 / 255 is one level. */
export function levelsBetween(before: Float32Array, after: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < before.length; i++) largest = Math.max(largest, Math.abs(after[i]! - before[i]!));
  return largest * 127.5;
}
