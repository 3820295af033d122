/**
 * Counter-based randomness: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
 * The number for (seed, position) does not depend on what was drawn before, so a resumed sequence draws the same.
 */

const multiplierA = 0xd2511f53;
const multiplierB = 0xcd9e8d57;
const weylA = 0x9e3779b9;
const weylB = 0xbb67ae85;

export type Words = readonly [number, number, number, number];

/** Ten rounds over a 128-bit counter with a 64-bit key; all words are unsigned 32-bit. */
export function philox(counter: Words, key: readonly [number, number]): Words {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const highA = multiplyHigh(multiplierA, c0);
    const highB = multiplyHigh(multiplierB, c2);
    const lowA = Math.imul(multiplierA, c0) >>> 0;
    const lowB = Math.imul(multiplierB, c2) >>> 0;
    c0 = (highB ^ c1 ^ k0) >>> 0;
    c1 = lowB;
    c2 = (highA ^ c3 ^ k1) >>> 0;
    c3 = lowA;
    k0 = (k0 + weylA) >>> 0;
    k1 = (k1 + weylB) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** A number in [0, 1) for one position of one seed, with 32 random bits. */
export function uniform(seed: number, position: number): number {
  const key: [number, number] = [seed >>> 0, Math.floor(seed / 0x100000000) >>> 0];
  return philox([position >>> 0, 0, 0, 0], key)[0] / 0x100000000;
}

/** Upper 32 bits of the 64-bit product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middleA = aHigh * bLow + (low >>> 16);
  const middleB = aLow * bHigh + (middleA & 0xffff);
  return (aHigh * bHigh + Math.floor(middleA / 0x10000) + Math.floor(middleB / 0x10000)) >>> 0;
}
