/**
 * Samples of one rate → samples of another, piece by piece. A windowed sinc, one set of taps per phase; output sample
 * m lies exactly at input time m * from / to, so nothing shifts. Beyond both ends there is silence.
 * Own code: the resamplers of the registry either take whole arrays only or cannot be told that the input has ended.
 */

/** Zero crossings of the sinc on either side: the width of the transition band. */
const crossings = 48;
/** Where the pass band ends, of half the lower rate. */
const rolloff = 0.94;
/** Of the Kaiser window: about 90 dB below the pass band. */
const beta = 9;

const peak = bessel(beta);

export class Resampler {
  /** Output sample m lies at input `m * down / up`. */
  readonly #up: number;
  readonly #down: number;
  /** Taps reach this many input samples back and ahead. */
  readonly #half: number;
  /** By phase, made when first needed: `2 * half` weights. */
  readonly #taps = new Map<number, Float32Array>();
  readonly #cutoff: number;
  /** Input from sample `#begin` on, which is below 0 while there is silence in front. */
  #input: Float32Array;
  #begin: number;
  #made = 0;

  /** Whole numbers of Hz. */
  constructor(from: number, to: number) {
    const divisor = greatestCommonDivisor(from, to);
    this.#up = to / divisor;
    this.#down = from / divisor;
    this.#cutoff = rolloff * Math.min(1, to / from);
    this.#half = Math.ceil(crossings / this.#cutoff);
    this.#input = new Float32Array(this.#half);
    this.#begin = -this.#half;
  }

  /** The output samples that are certain now. */
  push(samples: Float32Array): Float32Array {
    const input = new Float32Array(this.#input.length + samples.length);
    input.set(this.#input);
    input.set(samples, this.#input.length);
    this.#input = input;
    const end = this.#begin + input.length;
    // Output m needs input up to floor(m * down / up) + half.
    return this.#make(Math.ceil(((end - this.#half) * this.#up) / this.#down));
  }

  /** The rest: with what came before, `ceil(samples * to / from)` in all. */
  end(): Float32Array {
    const samples = this.#begin + this.#input.length;
    const silence = this.push(new Float32Array(this.#half)); // everything up to the last sample, and maybe one more
    const surplus = this.#made - Math.ceil((samples * this.#up) / this.#down);
    return silence.subarray(0, Math.max(0, silence.length - surplus));
  }

  /** Output samples up to, and without, the `until`-th. */
  #make(until: number): Float32Array {
    const up = this.#up;
    const first = this.#made;
    const output = new Float32Array(Math.max(0, until - first));
    for (let i = 0; i < output.length; i++) {
      const position = (first + i) * this.#down;
      const taps = this.#phase(position % up);
      const start = Math.floor(position / up) - this.#half + 1 - this.#begin;
      let sum = 0;
      for (let tap = 0; tap < taps.length; tap++) sum += taps[tap]! * this.#input[start + tap]!;
      output[i] = sum;
    }
    this.#made += output.length;
    const needed = Math.floor((this.#made * this.#down) / up) - this.#half + 1;
    const spent = Math.max(0, Math.min(needed - this.#begin, this.#input.length));
    this.#input = this.#input.slice(spent);
    this.#begin += spent;
    return output;
  }

  /** Weights of the inputs around an output that lies `phase / up` after one of them; they sum to 1. */
  #phase(phase: number): Float32Array {
    const known = this.#taps.get(phase);
    if (known !== undefined) return known;
    const taps = new Float64Array(2 * this.#half);
    let sum = 0;
    for (let tap = 0; tap < taps.length; tap++) {
      const distance = tap - this.#half + 1 - phase / this.#up;
      taps[tap] = sinc(distance * this.#cutoff) * kaiser(distance / this.#half);
      sum += taps[tap]!;
    }
    const made = Float32Array.from(taps, (weight) => weight / sum);
    this.#taps.set(phase, made);
    return made;
  }
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** 1 at 0, 0 beyond ±1. */
function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel(beta * Math.sqrt(1 - x * x)) / peak;
}

/** I₀, by its power series. */
function bessel(x: number): number {
  let sum = 1;
  for (let term = 1, k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
