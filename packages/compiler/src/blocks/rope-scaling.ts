/**
 * Frequencies of rotary positions when a model reads further than it was trained for at first. Pure.
 * Follows `modeling_rope_utils.py` of transformers, whose float32 rounding the checkpoints were trained with.
 */
import type { ScaledRotary } from './rotary.ts';

export type RopeScaling =
  | { readonly kind: 'default' }
  /** Positions divided by `factor` (kaiokendev 2023). */
  | { readonly kind: 'linear'; readonly factor: number }
  /** Each frequency divided by its own factor. */
  | { readonly kind: 'factors'; readonly factors: Float32Array }
  /** Long waves divided by `factor`, short ones kept, a ramp between (Llama 3.1). */
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFactor: number;
      readonly highFactor: number;
      /** Positions before scaling. */
      readonly original: number;
    }
  /** As llama3, by number of rotations, and attention made sharper (Peng et al. 2023, arXiv 2309.00071). */
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly original: number;
      /** Factor of cosines and sines. */
      readonly amplitude: number;
      /** Whether the ends of the ramp are whole numbers. */
      readonly truncate: boolean;
    };

/** One frequency per pair of channels: `theta^(−2i / headWidth)`, scaled. */
export function scaleRope(
  theta: number,
  headWidth: number,
  scaling: RopeScaling,
): Pick<ScaledRotary, 'frequencies' | 'amplitude'> {
  const pairs = headWidth / 2;
  const plain = Float32Array.from({ length: pairs }, (_, i) => 1 / theta ** ((2 * i) / headWidth));
  switch (scaling.kind) {
    case 'default':
      return { frequencies: plain, amplitude: 1 };
    case 'linear':
      return { frequencies: plain.map((frequency) => frequency / scaling.factor), amplitude: 1 };
    case 'factors':
      return { frequencies: plain.map((frequency, i) => frequency / scaling.factors[i]!), amplitude: 1 };
    case 'llama3':
      return { frequencies: plain.map((frequency) => llama3(frequency, scaling)), amplitude: 1 };
    case 'yarn':
      return { frequencies: yarn(plain, theta, headWidth, scaling), amplitude: scaling.amplitude };
  }
}

type Of<Kind extends RopeScaling['kind']> = Extract<RopeScaling, { kind: Kind }>;

function llama3(frequency: number, { factor, lowFactor, highFactor, original }: Of<'llama3'>): number {
  const wave = (2 * Math.PI) / frequency;
  if (wave < original / highFactor) return frequency;
  if (wave > original / lowFactor) return frequency / factor;
  const smooth = (original / wave - lowFactor) / (highFactor - lowFactor);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}

function yarn(plain: Float32Array, theta: number, headWidth: number, scaling: Of<'yarn'>): Float32Array {
  const { factor, betaFast, betaSlow, original, truncate } = scaling;
  /** The pair that turns this often within the original positions. */
  const pairOf = (rotations: number): number =>
    (headWidth * Math.log(original / (rotations * 2 * Math.PI))) / (2 * Math.log(theta));
  const low = Math.max(truncate ? Math.floor(pairOf(betaFast)) : pairOf(betaFast), 0);
  const high = Math.min(truncate ? Math.ceil(pairOf(betaSlow)) : pairOf(betaSlow), headWidth - 1);
  const span = high === low ? 0.001 : high - low;
  return plain.map((frequency, i) => {
    const ramp = Math.max(0, Math.min(1, (i - low) / span));
    return (frequency / factor) * ramp + frequency * (1 - ramp);
  });
}

/** Yarn's factor of cosines and sines where a config names none: `0.1 ln(factor) + 1`. */
export function yarnAmplitude(factor: number, scale = 1): number {
  return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
}
