/**
 * Noise over 1000 times and the DDIM step between two of them, as `training/any_to_any_training/diffusion/schedule.py`:
 * cosine schedule (Nichol & Dhariwal 2021, arXiv 2102.09672), DDIM without noise (Song et al. 2020, arXiv 2010.02502),
 * v-prediction (Salimans & Ho 2022, arXiv 2202.00512). Pure functions; the network is not here.
 */

/** Times that training knows. */
export const times = 1000;

/** How much of the signal's power is left at every time, falling from nearly 1 to nearly 0. */
export function signalShares(): Float64Array {
  const curve = (share: number): number => Math.cos((((share + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  const shares = new Float64Array(times);
  let left = 1;
  for (let i = 0; i < times; i++) {
    const beta = Math.min(1 - curve((i + 1) / times) / curve(i / times), 0.999);
    left *= 1 - beta;
    shares[i] = left;
  }
  return shares;
}

/** `timesOf(4)` = [999, 749, 499, 249]: evenly spaced, the noisiest first. */
export function timesOf(steps: number): number[] {
  return Array.from({ length: steps }, (_, i) => Math.round(times - (i * times) / steps) - 1);
}

/** The clean latents that `v` means, no further out than ±`limit`. */
export function cleanOf(noisy: Float32Array, v: Float32Array, share: number, limit: number): Float32Array {
  const [signal, noise] = [Math.sqrt(share), Math.sqrt(1 - share)];
  return noisy.map((value, i) => Math.min(limit, Math.max(-limit, signal * value - noise * v[i]!)));
}

/** From `share` of the signal to `following`, along the noise that `noisy` holds beside `clean`. */
export function step(
  noisy: Float32Array,
  clean: Float32Array,
  share: number,
  following: number,
): Float32Array {
  const [signal, noise] = [Math.sqrt(share), Math.sqrt(1 - share)];
  const [nextSignal, nextNoise] = [Math.sqrt(following), Math.sqrt(1 - following)];
  return noisy.map((value, i) => {
    const own = (value - signal * clean[i]!) / noise;
    return nextSignal * clean[i]! + nextNoise * own;
  });
}

/** Away from what no words give, towards what the words give: `guide([2], [1], 3)` = [4]. */
export function guide(said: Float32Array, unsaid: Float32Array, guidance: number): Float32Array {
  return said.map((value, i) => unsaid[i]! + guidance * (value - unsaid[i]!));
}
