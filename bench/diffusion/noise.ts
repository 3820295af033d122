/** Gaussian noise of a seed: the same numbers for the same seed, on every machine. */

/** A counter whose bits are mixed (the finaliser of MurmurHash 3); Box–Muller makes two normal numbers of two even ones. */
export function noiseOf(seed: number, count: number): Float32Array {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  const mix = (value: number): number => {
    const once = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
    const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
    return (twice ^ (twice >>> 16)) >>> 0;
  };
  /** In (0, 1]. */
  const uniform = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    return (mix(state) + 1) / 2 ** 32;
  };
  const result = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const angle = 2 * Math.PI * uniform();
    result[i] = radius * Math.cos(angle);
    if (i + 1 < count) result[i + 1] = radius * Math.sin(angle);
  }
  return result;
}
